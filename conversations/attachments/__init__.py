"""Files of conversations: what customers send is fetched, what agents upload is sent, and both are kept and shown."""
