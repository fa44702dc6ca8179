package spool

// Ref says where a body lies in the spool and what its octets must add up to. It is small enough to stand in a row.
type Ref struct {
	File   string `json:"f"` // segment or body file, relative to the spool's directory
	Offset int64  `json:"o,omitempty"`
	Size   int64  `json:"n"`
	CRC    uint32 `json:"c"` // CRC-32C of the octets, as stored before compression or encryption
}
