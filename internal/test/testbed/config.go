package testbed

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"clawback/internal/test/graphsim"
)

// Tenant is an organisation: to the daemon and to the simulator.
type Tenant struct {
	Name          string   `toml:"name"`
	ID            string   `toml:"id"`
	Domains       []string `toml:"domains"`
	OriginatorOrg []string `toml:"originator_org"`
	Recovery      string   `toml:"-"` // recovery_address; "" for none
	VIPs          []VIP    `toml:"vip"`
	Tables        string   `toml:"-"` // more tables of the tenant's, as they stand in the configuration
}

// VIP is an entry of the impersonation registry.
type VIP struct {
	Name      string   `toml:"name"`
	Addresses []string `toml:"addresses"`
}

// Journal is the tenant's journal address.
func (t Tenant) Journal() string { return "j-" + t.ID + "@" + Hostname }

// Alternate is the address for which the receiver takes bounces.
const Alternate = "journal-ndr@archive.example"

// clientSecret is the one that the simulator takes; it is worth nothing anywhere else.
const clientSecret = "simulated-secret"

func (t Tenant) organisation() graphsim.Tenant {
	def := graphsim.DefaultTenant()
	def.ID, def.Name, def.Domains, def.ClientSecret = t.ID, t.Name, t.Domains, clientSecret
	return def
}

// writeFiles writes the configuration and what it names.
func (b *Bed) writeFiles() error {
	files := map[string][]byte{
		"cert.crt": b.cert.CertPEM, "cert.secret": b.cert.KeyPEM, "client.secret": []byte(clientSecret + "\n"),
		"clawback.toml": b.configuration(),
	}
	for name, data := range files {
		if err := os.WriteFile(b.File(name), data, 0o600); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
	}
	return nil
}

func (b *Bed) configuration() []byte {
	var c bytes.Buffer
	host, port, _ := strings.Cut(b.Receiver.Address(), ":")
	fmt.Fprintf(&c, "hostname = %q\nstate_dir = %q\n\n[log]\nformat = \"text\"\n\n[control]\nsocket = %q\n\n", Hostname,
		b.File("state"), b.File("control.sock"))
	fmt.Fprintf(&c, "[[listener]]\naddress = %q\nnetworks = [\"127.0.0.0/8\"]\n\n", b.Address)
	fmt.Fprintf(&c, "[tls]\ncertificate_file = \"cert.crt\"\nkey_file = \"cert.secret\"\n\n[networks]\nurl = \"\"\n\n")
	fmt.Fprintf(&c, "[relay]\nhost = %q\nport = %s\ntls = \"starttls\"\nca_file = \"cert.crt\"\n\n%s", host, port,
		b.o.Config)
	for _, t := range b.o.Tenants {
		b.writeTenant(&c, t)
	}
	return c.Bytes()
}

func (b *Bed) writeTenant(c *bytes.Buffer, t Tenant) {
	fmt.Fprintf(c, "\n[[tenant]]\nname = %q\nid = %q\nmode = \"live\"\n", t.Name, t.ID)
	fmt.Fprintf(c, "domains = %s\nalternate_mailbox = %q\n", array(t.Domains), Alternate)
	if len(t.OriginatorOrg) > 0 {
		fmt.Fprintf(c, "originator_org = %s\n", array(t.OriginatorOrg))
	}
	if t.Recovery != "" {
		fmt.Fprintf(c, "recovery_address = %q\n", t.Recovery)
	}
	fmt.Fprintf(c, "\n[[tenant.address]]\naddress = %q\n", t.Journal())
	for _, v := range t.VIPs {
		fmt.Fprintf(c, "\n[[tenant.vip]]\nname = %q\naddresses = %s\n", v.Name, array(v.Addresses))
	}
	fmt.Fprintf(c, "\n[tenant.graph]\ncloud = \"custom\"\nlogin_url = %[1]q\ngraph_url = %[1]q\nca_file = "+
		"\"graph-ca.crt\"\n"+
		"client_id = %[2]q\nclient_secret_file = \"client.secret\"\n%[3]s", b.Sim.URL(),
		graphsim.DefaultTenant().ClientID, t.Tables)
}

func array(list []string) string {
	quoted := make([]string, len(list))
	for i, v := range list {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
