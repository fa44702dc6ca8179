package score

// senderHistory is what the tenant's mail has taught about the author.
type senderHistory struct {
	asked bool
	known bool
}

func detectHistory(x *inspection) {}
