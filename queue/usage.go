package queue

// Source is whom mail came from and what for: what quotas are kept by.
type Source struct {
	Tenant  string
	Purpose Purpose
	Network string // "" for networks that no listener names
}

// Source is the source of a message.
func (e Envelope) Source() Source { return Source{e.Tenant, e.Purpose, e.Network} }

// Usage is what the queue holds of one source.
type Usage struct {
	Unfinished  Count // items in any state, and bounces that are not sent
	Quarantined Count // items in quarantine alone
}

// blockSize is what the smallest body takes on the disk.
const blockSize = 4 << 10

// OnDisk is how much of the disk a body takes.
func OnDisk(size int64) int64 { return max(blockSize, (size+blockSize-1)&^(blockSize-1)) }
