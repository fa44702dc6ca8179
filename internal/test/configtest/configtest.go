// Package configtest has the configuration that tests of several packages begin with.
//
// Reads, Writes: nothing.
package configtest

// Minimal is the shortest configuration that is complete: a host, and one tenant that is authenticated by the managed
// identity of its machine. A test puts sections of its own behind it.
const Minimal = `hostname = "journal.example.com"

[acme]
email = "admin@example.com"

[[tenant]]
id = "6F1C2F3E-0A5B-4C77-9A51-0F2F6F6F0C11"
domains = ["contoso.example"]
alternate_mailbox = "lost-reports@fabrikam.example"

[[tenant.address]]
address = "j-7q3k9@journal.example.com"

[tenant.graph]
client_id = "7a1c2f3e-0a5b-4c77-9a51-0f2f6f6f0c11"
managed_identity = true
`
