package page

// Append puts another page behind this one, as mail programs show several bodies one after the other.
func (p *Page) Append(more Page) {
	appendText(&p.Text, more.Text)
	appendText(&p.Hidden, more.Hidden)
	appendText(&p.Alt, more.Alt)
	appendText(&p.Title, more.Title)
	p.Bytes += more.Bytes
	p.Images += more.Images
	p.DataImage += more.DataImage
	p.Forms += more.Forms
	p.Passwords += more.Passwords
	p.Scripts += more.Scripts
	p.ScriptLen += more.ScriptLen
	p.Handlers += more.Handlers
	if p.Refresh == "" {
		p.Refresh = more.Refresh
	}
	p.Tall = p.Tall || more.Tall
	p.Breaks = max(p.Breaks, more.Breaks)
	p.Links = append(p.Links, more.Links...)
	p.More = append(p.More, more.More...)
	p.Pictures = append(p.Pictures, more.Pictures[:min(len(more.Pictures), MaxPictures-len(p.Pictures))]...)
	p.Grids = append(p.Grids, more.Grids...)
	p.NotRead = append(p.NotRead, more.NotRead...)
}

func appendText(to *string, more string) {
	if *to != "" && more != "" {
		*to += "\n"
	}
	*to += more
}
