"""Where the files of session metadata go."""
