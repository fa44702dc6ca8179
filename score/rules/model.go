package rules

// Model is what an expression sees of a message. Names stand as in the tags: from.domain, any(links, .host endsWith
// ".example").
type Model struct {
	Subject     string              `expr:"subject"`
	Text        string              `expr:"text"`   // what is shown of the body
	Hidden      string              `expr:"hidden"` // what is not
	From        Address             `expr:"from"`
	ReplyTo     Address             `expr:"reply_to"`
	Sender      string              `expr:"envelope_sender"`
	Recipients  []string            `expr:"recipients"`
	To          []Address           `expr:"to"`
	Headers     map[string][]string `expr:"headers"` // by name in lower case
	Links       []Link              `expr:"links"`   // at most 100
	Attachments []Attachment        `expr:"attachments"`
	Auth        Auth                `expr:"auth"`
	Direction   string              `expr:"direction"` // in, out, internal
	IP          string              `expr:"ip"`        // of the server that handed it to Exchange
	Signals     []string            `expr:"signals"`   // ids of what the built-in detectors saw
	Topics      map[string]float64  `expr:"topics"`    // weight of each topic of the word lists
}

// Address is an author or recipient.
type Address struct {
	Name     string `expr:"name"`
	Address  string `expr:"address"`
	Domain   string `expr:"domain"` // registrable
	FreeMail bool   `expr:"free_mail"`
}

// Link is an address of the web in the message or its files.
type Link struct {
	URL    string `expr:"url"`
	Host   string `expr:"host"`
	Domain string `expr:"domain"`
	Text   string `expr:"text"`
	Where  string `expr:"where"`
}

// Attachment is a file.
type Attachment struct {
	Name string `expr:"name"`
	Type string `expr:"type"`
	Size int    `expr:"size"` // as encoded
}

// Auth is what Exchange found out.
type Auth struct {
	SPF     string `expr:"spf"`
	DMARC   string `expr:"dmarc"`
	Aligned bool   `expr:"aligned"`
}
