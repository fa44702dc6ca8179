package attach

import "clawback/rfc822"

// maxUU is how many uuencoded files of a text are looked into.
const maxUU = 50

func uuFiles(body []byte) []rfc822.UUBlock { return rfc822.FindUU(body, maxUU+1) }

// uuencoded looks at the files that are uuencoded in a text.
func (w *work) uuencoded(it item) {
	for i, block := range uuFiles(it.body) {
		if i == maxUU {
			w.notRead("Of the files in %q the first %d were read.", it.name, maxUU)
			return
		}
		if !w.countMember(it.name, block.Name) {
			return
		}
		content, _ := rfc822.Decode(it.body[block.Start:block.End], rfc822.UUEncode)
		w.inspectStored(block.Name, content, it.depth)
	}
}
