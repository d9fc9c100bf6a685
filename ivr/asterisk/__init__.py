"""FastAGI, AudioSocket and AMI: protocols without I/O, and the servers and clients around them."""
