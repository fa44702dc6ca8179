package web

import "strings"

// Find calls found with each address that is written out in a text, as mail programs find them: from a scheme on, or
// from "www." on. The latter are given http: as their scheme.
func Find(text string, found func(string)) {
	FindAt(text, func(_ int, address string) { found(address) })
}

// FindAt is Find that also says where in the text each address begins.
func FindAt(text string, found func(at int, address string)) {
	for passed := 0; ; {
		start, from := nextAddress(text)
		if start < 0 {
			return
		}
		end := from
		for end < len(text) && end-start < MaxURL && !strings.ContainsRune(" \t\r\n<>\"'`{}|^\\", rune(text[end])) &&
			!space(text[end:]) {
			end++
		}
		address := strings.TrimRight(text[start:end], ".,;:!?)]*_")
		if from > start { // it has a scheme
			found(passed+start, address)
		} else if len(address) > 4 {
			found(passed+start, "http://"+address)
		}
		passed += max(end, from)
		text = text[max(end, from):]
	}
}

// nextAddress is where the next address starts, and where what follows its scheme does: the same where it has none.
func nextAddress(text string) (start, from int) {
	scheme := strings.Index(text, "://")
	before := text
	if scheme >= 0 {
		before = text[:scheme]
	}
	if at := www(before); at >= 0 {
		return at, at
	}
	if scheme < 0 {
		return -1, -1
	}
	start = scheme
	for start > 0 && scheme-start < 6 && letter(text[start-1]) {
		start--
	}
	return start, scheme + 3
}

// www is where a word begins with "www." and a letter or digit, or -1. Text behind a scheme is not looked at: it is
// part of that address.
func www(text string) int {
	for at := 0; ; {
		dot := strings.IndexByte(text[at:], '.')
		if dot < 0 {
			return -1
		}
		dot += at
		at = dot + 1
		if dot < 3 || !strings.EqualFold(text[dot-3:dot], "www") || at >= len(text) ||
			!alphanumeric(text[at]) && text[at] < 0x80 {
			continue
		}
		if start := dot - 3; start == 0 || !alphanumeric(text[start-1]) &&
			strings.IndexByte("@./-_%=&+", text[start-1]) < 0 {
			return start
		}
	}
}

func alphanumeric(c byte) bool { return letter(c) || '0' <= c && c <= '9' }

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// space reports whether s begins with a space that is not ASCII.
func space(s string) bool {
	return s[0] >= 0x80 && (strings.HasPrefix(s, "\u00a0") || strings.HasPrefix(s, "\u3000") ||
		strings.HasPrefix(s, "\u2028"))
}

// Absolute gives an address its scheme where it has none and mail programs follow it all the same: "//a.example/x",
// "\\a.example\x", "www.a.example", "a.example/x". What is no such address is answered as it is.
func Absolute(address string) string {
	address = strings.Trim(address, " \t\r\n\f\x00")
	if len(address) >= 2 && slash(address[0]) && slash(address[1]) {
		return "https:" + address
	}
	if address == "" || strings.IndexByte("/\\#?.", address[0]) >= 0 || Schemed(address) {
		return address
	}
	end := strings.IndexAny(address, `/\?#`)
	if end < 0 {
		end = len(address)
	}
	if hostLike(address[:end]) {
		return "http://" + address
	}
	return address
}

func slash(c byte) bool { return c == '/' || c == '\\' }

// Schemed reports whether an address begins with a scheme. A host with its port, such as a.example:8080, is none.
func Schemed(address string) bool {
	colon := strings.IndexAny(address, ":/\\?#")
	if colon <= 0 || address[colon] != ':' {
		return false
	}
	port := address[colon+1:]
	return !strings.Contains(address[:colon], ".") || port == "" || port[0] < '0' || port[0] > '9'
}

// hostLike reports whether the first part of an address without a scheme is a host rather than the name of a file.
func hostLike(s string) bool {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		return false // a mailbox
	}
	host, _, _ := strings.Cut(s, ":")
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	last := tld(host)
	if len(last) == len(host) || len(last) < 2 || strings.ContainsAny(host, " %<>\"'`{}|^,;()=&!$*") ||
		strings.Contains(host, "..") {
		return false
	}
	switch last {
	case "html", "htm", "xhtml", "shtml", "php", "asp", "aspx", "jsp", "jspx", "cgi", "do", "pl", "py", "css", "js",
		"json", "xml", "txt", "pdf",
		"doc", "docx", "xls", "xlsx", "ppt", "pptx", "png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "ics",
		"csv", "eml", "gz", "exe", "mht":
		return false
	}
	for i := 0; i < len(last); i++ {
		if '0' <= last[i] && last[i] <= '9' {
			return strings.HasPrefix(last, "xn--")
		}
	}
	return true
}
