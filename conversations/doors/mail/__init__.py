"""The door of mail that a mail server takes in: boxes are read, each mail is kept as a delivery and applied."""
