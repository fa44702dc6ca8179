// Package addresses says which addresses a tenant's rules are about: its own people's, the exempt ones, those on a
// list, and those that the daemon itself depends on.
//
// In: an address as a report, the directory or the configuration writes it, and the tenant's configuration. Out: the
// form in which addresses are compared (Fold), and whether and why a rule covers one, as a sentence for a person.
//
// Reads: the tenant's configuration, as it is given. Writes: nothing.
//
// Invariants:
//
//	I1  Two addresses that Exchange takes for one are one here: case, angle brackets and "smtp:" make no difference.
//	I2  A mailbox that the daemon depends on, and every postmaster, is exempt whatever is configured.
//
// On failure: an address that cannot be read is nobody's: in no list, and not internal.
//
// Standards: RFC 5321, sections 2.4 and 4.5.1 (postmaster); Exchange proxy addresses.
package addresses
