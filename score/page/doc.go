// Package page reads HTML as browsers and Outlook show it: what is shown, what is hidden, and where it leads; pure.
//
// It builds the stack of open elements as a browser's parser does, so that a paragraph that is never closed hides what
// a browser hides and no more, and computes for each element the few properties that decide whether its text is seen.
//
// Reads one HTML text in UTF-8, which a stranger wrote, with the conditional comments that Outlook reads.
//
// Writes nothing.
//
// Invariants:
//   - I1 time and memory grow with the length of the text and not faster: the stack, the list of formatting elements,
//     the rules of style sheets and the pages within a page are bounded.
//   - I2 nothing is refused: what is broken is taken as a browser takes it.
//   - I3 each limit that was reached is in Page.NotRead.
//
// The tokenizer is that of golang.org/x/net/html. Its parser is not used, although it builds the same tree: a tree
// copies the formatting elements that are left open into each paragraph, so that 200 KB of text became 1.8 GB of nodes.
// The tests compare the two.
//
// On failure: a panic is reported as a limit is (I3); what was read until then stays.
//
// Standards: the HTML Living Standard, section 13.2.6 (tree construction) and 4.2.5.3 (refresh); CSS 2.2 and CSS Color
// 4, as far as they hide text; Microsoft's conditional comments.
package page

// Kind says by what a link is one.
type Kind string

// The kinds of link.
const (
	Anchor   Kind = "anchor"   // <a href>, <area href>, a shape of VML or SVG with an address
	Form     Kind = "form"     // <form action>, formaction
	Refresh  Kind = "refresh"  // <meta http-equiv=refresh>: followed without a click
	Image    Kind = "image"    // <img src>, backgrounds: fetched when shown
	Resource Kind = "resource" // script, frame, style sheet; addresses within a script
	Text     Kind = "text"     // written out in a text
	Embedded Kind = "embedded" // in an attachment: PDF, Office file, QR code
)

// Link is an address that the page has.
type Link struct {
	Address string // with the page's base, and with http: where it has no scheme and mail programs open it all the same
	Kind    Kind
	Label   string // the text that is shown for it
	Hidden  bool   // stands in what is not shown
	Picture bool   // an image is shown for it
	Padded  bool   // three blanks or more stand before the address
	At      int    // how many bytes of Page.Text stand before it
}

// Span is a part of Page.Text: its first byte, and the one behind it.
type Span struct{ From, To int }

// Page is what an HTML text shows, hides and leads to.
type Page struct {
	Text      string // what is shown
	Hidden    string // what is not: display:none, no size, the colour of the ground
	Alt       string // texts that stand for images
	Title     string
	Bytes     int // of source
	Images    int // without those of one pixel
	DataImage int // images that are carried in their own address
	Forms     int
	Passwords int // input fields for a password
	Scripts   int
	ScriptLen int
	Handlers  int    // on... attributes
	Refresh   string // where the page leads without a click
	Base      string
	Tall      bool // a style makes room of thousands of pixels
	Breaks    int  // the longest run of line breaks that has text behind it

	Pictures []string // the addresses that carry a picture, data:image/png;base64,...: the first MaxPictures
	Grids    []Grid   // tables that are large enough for a code, of coloured cells

	Quotes []Span // what stands in blockquotes

	Links   []Link
	More    []string // the addresses of the links beyond maxLinks
	NotRead []string // sentences: each names a limit that was reached and what was not read because of it
}

// Limits of one page (I1).
const (
	maxText     = 512 << 10 // bytes that are kept of what is shown, of what is hidden, and of texts for images each
	maxLinks    = 2000      // with their labels
	MaxPictures = 20        // that are carried in their own address
	maxMore     = 100_000   // addresses without labels
	maxDepth    = 512       // open elements, as in browsers
	maxActive   = 32        // formatting elements that are opened again
	maxLabel    = 1000
	maxWithin   = 3       // pages within pages: srcdoc, data:text/html
	maxData     = 1 << 20 // bytes of a page that is carried in an address
	maxPages    = 20      // pages within a page, in all
	maxAttrs    = 200     // attributes of an element
	maxRules    = 3000    // selectors of style sheets
	maxSheets   = 512 << 10
	maxClasses  = 30 // of one element
	maxQuotes   = 1000
)
