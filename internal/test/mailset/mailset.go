// Package mailset has mail of the kinds that labelled collections lack: business email compromise, callback fraud, QR
// codes, QR codes in files; each in six languages, with good mail of the same kinds beside it.
//
// Every message was written by hand for this project, without a look at the scorer's rules, and none was made from
// another's text. It says what an administrator wants, not what the scorer answers. Nothing is tuned to it: what it
// shows is mended in general or not at all.
//
// There are two collections. The developers of the rules have seen Sets. HeldOut was written later: it measures what
// the rules find of mail that nobody looked at while writing them.
//
// Reads the sets that are built in. Writes nothing.
//
// Invariants:
//   - I1 a set has at least Collection.Least bad messages and as many good ones; a test holds that no two texts are
//     alike, across both collections.
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

// Collection is a directory of sets.
type Collection string

// The collections.
const (
	Sets    Collection = "sets"    // seen by the developers of the rules
	HeldOut Collection = "heldout" // not seen by them
)

// Least is how many bad messages, and how many good ones, each set of a collection has at least.
func (c Collection) Least() int {
	if c == HeldOut {
		return 8
	}
	return 40
}

// Kinds and Languages are those of the sets: one file for each pair, COLLECTION/LANGUAGE-KIND.toml.
var (
	Kinds     = []string{"bec", "callback", "qr", "qr-file"}
	Languages = []string{"en", "de", "fr", "nl", "pt", "es"}
)

//go:embed sets heldout
var files embed.FS

// Mail is one message of a set, as it stands in its file.
type Mail struct {
	ID      string `toml:"id"`
	Bad     bool   `toml:"bad"`
	Auth    string `toml:"auth"`     // pass, none, fail, forwarded, service or internal: what Exchange found
	From    string `toml:"from"`     // header, with the display name
	Sender  string `toml:"sender"`   // envelope; "": the address in From
	ReplyTo string `toml:"reply_to"` // header
	To      string `toml:"to"`       // header; "": one of the organisation's people
	Subject string `toml:"subject"`
	Text    string `toml:"text"` // the plain part
	HTML    string `toml:"html"` // the body's content; "": no HTML part

	// Before is what passed between the sender and the organisation in the month before: "" nothing, "writes" mail that
	// came, "correspondent" mail both ways.
	Before string `toml:"before"`

	QR string `toml:"qr"` // what the code says; "": none
	// Where the code is: cid, data (an address of the page), attached, table; in a file: pdf, docx, or the file itself,
	// a picture.
	Where    string   `toml:"where"`
	File     string   `toml:"file"`    // name of the attached file
	FileText string   `toml:"content"` // text of the attached PDF, DOCX, TXT or ICS
	Headers  []string `toml:"headers"`

	Collection Collection `toml:"-"`
	Kind       string     `toml:"-"`
	Language   string     `toml:"-"`
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

// Load reads a collection's sets of the kinds and languages that exist. All faults come at once.
func Load(from Collection) ([]Mail, error) {
	var all []Mail
	var faults []error
	entries, err := files.ReadDir(string(from))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if path.Ext(e.Name()) != ".toml" {
			continue
		}
		set, err := load(from, e.Name())
		faults = append(faults, err)
		all = append(all, set...)
	}
	return all, errors.Join(faults...)
}

func load(from Collection, name string) ([]Mail, error) {
	language, kind, _ := strings.Cut(strings.TrimSuffix(name, ".toml"), "-")
	if !slices.Contains(Languages, language) || !slices.Contains(Kinds, kind) {
		return nil, fmt.Errorf("%s: not named LANGUAGE-KIND.toml", name)
	}
	text, err := files.ReadFile(path.Join(string(from), name))
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
		set.Mail[i].Collection, set.Mail[i].Kind, set.Mail[i].Language = from, kind, language
		if err := set.Mail[i].check(); err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", name, set.Mail[i].ID, err))
		}
	}
	return set.Mail, errors.Join(faults...)
}

var (
	auths   = []string{"pass", "none", "fail", "forwarded", "service", "internal"}
	befores = []string{"", "writes", "correspondent"}
	places  = []string{"cid", "data", "attached", "table", "pdf", "docx", "picture"}
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

// fileOf has the extension of the file in which a code stands.
var fileOf = map[string]string{"pdf": ".pdf", "docx": ".docx", "picture": ".png"}

// checkKind says where a message is not of its file's kind.
func (m *Mail) checkKind() error {
	ext, inFile := fileOf[m.Where]
	switch {
	case m.Kind == "qr" && (m.QR == "" || inFile):
		return errors.New("a message of this kind has its code in the page, attached or as a table")
	case m.Kind == "qr-file" && !inFile:
		return errors.New("a message of this kind has its code in a pdf, docx or picture")
	case inFile && path.Ext(m.File) != ext:
		return fmt.Errorf("file %q: does not end in %s", m.File, ext)
	case path.Ext(m.File) == ".png" && m.Where != "picture":
		return errors.New("a .png is a code: where = \"picture\"")
	}
	return nil
}
