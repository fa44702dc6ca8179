// Package mailset has mail of the kinds that labelled collections lack: business email compromise, callback fraud, QR
// codes, QR codes in files; each in six languages, with good mail of the same kinds beside it.
//
// Every message was written by hand for this project, without a look at the scorer's rules, and none was made from
// another's text. It says what an administrator wants, not what the scorer answers. Nothing is tuned to it: what it
// shows is mended in general or not at all.
//
// Reads the sets that are built in. Writes nothing.
//
// Invariants:
//   - I1 a set has at least Least bad messages and as many good ones; a test holds that no two texts are alike.
//   - I2 organisations, people and addresses are made up, under names that are kept for examples, but for free mail
//     providers.
//
// On failure: an error names the file and the message.
package mailset

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"clawback/config"
)

// Least is how many bad messages, and how many good ones, a set has at least.
const Least = 40

// Kinds and Languages are those of the sets: one file for each pair, sets/LANGUAGE-KIND.toml.
var (
	Kinds     = []string{"bec", "callback", "qr", "qr-file"}
	Languages = []string{"en", "de", "fr", "nl", "pt", "es"}
)

//go:embed sets
var files embed.FS

// Mail is one message of a set, as it stands in its file.
type Mail struct {
	ID      string `toml:"id"`
	Bad     bool   `toml:"bad"`
	Auth    string `toml:"auth"`     // pass, none, fail, forwarded, service or internal: what Exchange found
	From    string `toml:"from"`     // header, with the display name
	ReplyTo string `toml:"reply_to"` // header
	To      string `toml:"to"`       // header; "": one of the organisation's people
	Subject string `toml:"subject"`
	Text    string `toml:"text"` // the plain part
	HTML    string `toml:"html"` // the body's content; "": no HTML part

	// Before is what passed between the sender and the organisation in the month before: "" nothing, "writes" mail that
	// came, "correspondent" mail both ways.
	Before string `toml:"before"`

	QR string `toml:"qr"` // what the code says; "": none
	// Where the code is: cid, data (an address of the page), attached, table, pdf, docx.
	Where    string   `toml:"where"`
	File     string   `toml:"file"`    // name of the attached file
	FileText string   `toml:"content"` // text of the attached PDF, DOCX, TXT or ICS
	Headers  []string `toml:"headers"`

	Kind     string `toml:"-"`
	Language string `toml:"-"`
}

// Tenant is the organisation that the mail is sent to, with its registry of people and partners.
func Tenant() *config.Tenant {
	return &config.Tenant{
		Name: "contoso", ID: "00000000-0000-4000-8000-000000000001", Domains: []string{"contoso.example"},
		Partners: []string{"fabrikam.example", "northwind.example"},
		VIPs: []config.VIP{
			{Name: "Petra Lindqvist", Addresses: []string{"petra.lindqvist@contoso.example"}},
			{Name: "Marcus Abernathy", Addresses: []string{"marcus.abernathy@contoso.example"}},
			{Name: "Claire Dubreuil", Addresses: []string{"claire.dubreuil@contoso.example"}},
			{Name: "Joost van Rijn", Addresses: []string{"joost.vanrijn@contoso.example"}},
			{Name: "Beatriz Falcão", Addresses: []string{"beatriz.falcao@contoso.example"}},
			{Name: "Ignacio Berrocal", Addresses: []string{"ignacio.berrocal@contoso.example"}},
		},
	}
}

// Load reads the sets of the kinds and languages that exist. All faults come at once.
func Load() ([]Mail, error) {
	var all []Mail
	var faults []error
	entries, err := files.ReadDir("sets")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if path.Ext(e.Name()) != ".toml" {
			continue
		}
		set, err := load(e.Name())
		faults = append(faults, err)
		all = append(all, set...)
	}
	return all, errors.Join(faults...)
}

func load(name string) ([]Mail, error) {
	language, kind, _ := strings.Cut(strings.TrimSuffix(name, ".toml"), "-")
	if !slices.Contains(Languages, language) || !slices.Contains(Kinds, kind) {
		return nil, fmt.Errorf("%s: not named LANGUAGE-KIND.toml", name)
	}
	text, err := files.ReadFile("sets/" + name)
	if err != nil {
		return nil, err
	}
	var set struct {
		Mail []Mail `toml:"mail"`
	}
	meta, err := toml.Decode(string(text), &set)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var faults []error
	for _, key := range meta.Undecoded() {
		faults = append(faults, fmt.Errorf("%s: unknown key %s", name, key))
	}
	for i := range set.Mail {
		set.Mail[i].Kind, set.Mail[i].Language = kind, language
		if err := set.Mail[i].check(); err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", name, set.Mail[i].ID, err))
		}
	}
	return set.Mail, errors.Join(faults...)
}

var (
	auths   = []string{"pass", "none", "fail", "forwarded", "service", "internal"}
	befores = []string{"", "writes", "correspondent"}
	places  = []string{"cid", "data", "attached", "table", "pdf", "docx"}
)

// check says what a message lacks.
func (m *Mail) check() error {
	switch {
	case m.ID == "" || m.From == "" || m.Subject == "":
		return errors.New("id, from and subject are needed")
	case m.Text == "" && m.HTML == "":
		return errors.New("text or html is needed")
	case !slices.Contains(auths, m.Auth):
		return fmt.Errorf("auth %q: use one of %v", m.Auth, auths)
	case !slices.Contains(befores, m.Before):
		return fmt.Errorf("before %q: use one of %q", m.Before, befores)
	case (m.QR != "") != (m.Where != ""):
		return errors.New("qr and where stand together")
	case m.Where != "" && !slices.Contains(places, m.Where):
		return fmt.Errorf("where %q: use one of %v", m.Where, places)
	case m.FileText != "" && m.File == "":
		return errors.New("content needs file, the name")
	}
	return m.checkKind()
}

// checkKind says where a message is not of its file's kind.
func (m *Mail) checkKind() error {
	inFile := m.Where == "pdf" || m.Where == "docx"
	switch {
	case m.Kind == "qr" && (m.QR == "" || inFile):
		return errors.New("a message of this kind has its code in the page, attached or as a table")
	case m.Kind == "qr-file" && !inFile:
		return errors.New("a message of this kind has its code in a pdf or docx")
	case inFile && path.Ext(m.File) != "."+m.Where:
		return fmt.Errorf("file %q: does not end in .%s", m.File, m.Where)
	}
	return nil
}
