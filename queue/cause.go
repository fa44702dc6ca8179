package queue

// Cause says in a word why an item is in quarantine; Item.Reason says it in a sentence. Items of one cause are listed
// together.
type Cause string

// The causes. Rows of versions before causes were kept have none.
const (
	CausePostmaster   Cause = "postmaster"   // mail for a person
	CauseNetwork      Cause = "network"      // sent from none of the listener's networks
	CauseOrganisation Cause = "organisation" // names no organisation, or another than the tenant's
	CauseNoReport     Cause = "no_report"    // nothing in it is what its address is for
	CauseOwnMail      Cause = "own_mail"     // our own bounce came back
	CauseFault        Cause = "fault"        // a stage failed on it again and again
	CauseCrash        Cause = "crash"        // the process ended again and again while it was worked on
	CauseLost         Cause = "lost"         // its bytes are missing or damaged
	CauseRow          Cause = "row"          // its row cannot be read
)
