"""HTTP: one file for each thing a browser or a service asks. They read, pass the gate, act and answer."""
