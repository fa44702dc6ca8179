package journal

// Limits of what is read of one message. They bound memory and time; what goes past one is named in Problems.
const (
	maxHeader      = 8 << 20  // octets of one header block; Exchange writes several hundred KiB at times
	maxValue       = 64 << 10 // octets kept of the fields of one name
	maxValues      = 8        // values kept of one header field; more are counted
	maxKept        = 1 << 20  // octets kept of the headers of one multipart's parts
	maxParts       = 1000     // children of one multipart
	maxDepth       = 8        // multiparts and messages within each other
	maxMessages    = 64       // attached messages looked into
	maxOriginals   = 64
	maxEnvelope    = 16 << 20 // octets of the envelope part after decoding
	maxField       = 64 << 10 // octets of one line of the envelope part
	maxRecipients  = 100_000
	maxProblems    = 50
	maxOddLines    = 20 // lines of the envelope part named in Problems
	maxReadFactor  = 32 // times the message's size: attached messages in encodings are read more than once
	lineBufferSize = 16 << 10
	copyBufferSize = 32 << 10
)
