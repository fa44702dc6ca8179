// Package config turns TOML into a checked Config: TOML -> checked Config.
//
// Reads: the configuration file, the secret files it names, and $CREDENTIALS_DIRECTORY for names that begin with
// "credential:". Relative file names are relative to the configuration file.
// Writes: nothing.
//
// Invariants:
//
//	I1. Load answers a Config only when it is wholly valid and every default is filled in.
//	I2. Every problem of a file is reported at once, each with its line, its key and what to do about it. Only a
//	    syntax error of TOML itself is reported alone, because nothing after it can be read for certain.
//	I3. A Secret never prints, whatever verb, encoder or logger is used.
//	I4. A key that is not known is a problem, never ignored: a misspelt `mode` must not mean the default.
//
// On failure: the error is a Problems; nothing of the file is used.
//
// Standards: TOML 1.0; RFC 5321, section 4.1.2 (mailboxes); RFC 9562 (GUIDs).
package config
