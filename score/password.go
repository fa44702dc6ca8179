package score

import (
	"strings"
	"unicode"

	"clawback/internal/mailaddr"
)

// tellsPassword reports whether the message tells the password of what it attaches, rather than that there is one, or
// how it will come.
func (x *inspection) tellsPassword() bool {
	for _, text := range []string{x.mail.Subject, x.mail.Body(), x.mail.Plain} {
		if passwordIn(cut(text, maxText)) {
			return true
		}
	}
	return false
}

// passwordWords name a password, in the languages that the words are searched in.
var passwordWords = [...]string{
	"password", "passcode", "passphrase", "pass code", "pwd", "passwort", "kennwort", "mot de passe", "contraseña",
	"contrasena", "clave", "senha",
	"palavra-passe", "wachtwoord",
}

// passwordIn finds a password that is told: "the password is 7731", "Kennwort: Rechnung2026", "7731 is the password".
func passwordIn(text string) bool {
	lower := mailaddr.Lower(text)
	if len(lower) != len(text) {
		text = lower // some letters have another length in the other case
	}
	for _, word := range passwordWords {
		for at := 0; ; {
			i := strings.Index(lower[at:], word)
			if i < 0 {
				break
			}
			start := at + i
			at = start + len(word)
			if start > 0 && letterOrDigit(lower[start-1]) ||
				at < len(lower) && letterOrDigit(lower[at]) && !strings.HasPrefix(lower[at:], "s ") {
				continue // a part of another word
			}
			if passwordFollows(text[at:]) || passwordPrecedes(text[:start]) {
				return true
			}
		}
	}
	return false
}

func letterOrDigit(c byte) bool { return alphanumeric(c) || c >= 0x80 }

// maxBetween is how many words stand between "password" and what is said of it: "the password to open the attached file
// is".
const maxBetween = 8

// passwordFollows reports whether what follows the word tells the password.
func passwordFollows(rest string) bool {
	rest = rest[:min(len(rest), 400)]
	for n := 0; n <= maxBetween; n++ {
		rest = strings.TrimLeft(rest, " \t\u00a0")
		if rest == "" || rest[0] == '.' || rest[0] == '?' || rest[0] == '!' {
			return false
		}
		if strings.ContainsRune(":=", rune(rest[0])) || strings.HasPrefix(rest, "->") ||
			strings.HasPrefix(rest, "- ") || strings.HasPrefix(rest, "– ") {
			return secret(strings.TrimLeft(rest, ":=->– \t\r\n\u00a0"), false)
		}
		if rest[0] == '\n' || rest[0] == '\r' { // a line, or a cell, of its own
			return n == 0 && secret(strings.TrimLeft(rest, " \t\r\n\u00a0"), true)
		}
		end := strings.IndexAny(rest, " \t\r\n:=.?!")
		if end < 0 {
			end = len(rest)
		}
		word := strings.Trim(mailaddr.Lower(rest[:end]), `,()"'`)
		if n == 0 && secretWord(strings.Trim(rest[:end], `,()"'`)) {
			return true // "password 7731"
		}
		rest = rest[max(end, 1):]
		switch word {
		case "is", "ist", "lautet", "est", "es", "é", "isto", "luidt", "are", "sind":
			if secret(strings.TrimLeft(rest, ": \t\r\n\u00a0"), true) {
				return true
			}
		}
	}
	return false
}

// passwordPrecedes reports whether what stands before the word tells the password: "7731 is the ", "use 7731 as ".
func passwordPrecedes(before string) bool {
	words := strings.Fields(before[max(0, len(before)-60):])
	for len(words) > 0 {
		switch word := mailaddr.Lower(words[len(words)-1]); word {
		case "the", "your", "das", "ihr", "dein", "le", "la", "votre", "su", "o", "a", "sua", "het", "uw", "file",
			"zip", "archive":
			words = words[:len(words)-1]
			continue
		case "is", "as", "ist", "als", "est", "comme", "es", "como", "é":
			return len(words) > 1 && secretWord(strings.Trim(words[len(words)-2], `,()"'`))
		}
		return false
	}
	return false
}

// secret reports whether a text begins with a password. Where it must show, it has what words have not.
func secret(text string, mustShow bool) bool {
	quoted := strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'") || strings.HasPrefix(text, "“") ||
		strings.HasPrefix(text, "„") || strings.HasPrefix(text, "«")
	fields := strings.Fields(text[:min(len(text), 120)])
	if len(fields) == 0 {
		return false
	}
	word := strings.Trim(fields[0], `"'“”„«»,;().`)
	if len(word) < 3 && !quoted || strings.Contains(word, "://") || strings.HasPrefix(mailaddr.Lower(word), "www.") ||
		strings.Contains(word, "@") && strings.Contains(word, ".") {
		return false
	}
	if quoted || secretWord(word) {
		return len(fields) < 2 || !countsSomething(fields[1])
	}
	return !mustShow && !beginsSentence(word) && !formOfDate(word) &&
		(len(fields) == 1 || strings.HasPrefix(text[strings.Index(text, fields[0])+len(fields[0]):], "\n") ||
			strings.HasPrefix(text[strings.Index(text, fields[0])+len(fields[0]):], "\r"))
}

// secretWord reports whether a word is none of a language: it holds a digit and is no date or sum, or a sign within, or
// capitals within.
func secretWord(word string) bool {
	word = strings.TrimRight(word, ".,;:!?")
	if len(word) < 3 || strings.Contains(word, "://") || strings.Contains(word, "/") && digitsIn(word) > 0 {
		return false
	}
	digits, upper, lower, signs := 0, 0, 0, 0
	for i, r := range word {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsUpper(r) && i > 0:
			upper++
		case unicode.IsLetter(r):
			lower++
		case strings.ContainsRune("!#$%&*+^_~@", r):
			signs++
		}
	}
	return digits > 0 && signs+digits+upper+lower >= 3 || signs > 0 && lower+upper+digits > 1 ||
		upper > 0 && lower > 1 && !allUpper(word)
}

func allUpper(word string) bool { return strings.ToUpper(word) == word }

// countsSomething reports whether a number before it says how long something is: "8 characters", "90 days".
func countsSomething(word string) bool {
	switch strings.Trim(mailaddr.Lower(word), ".,;") {
	case "characters", "digits", "letters", "days", "hours", "minutes", "months", "times", "zeichen", "ziffern",
		"stellen", "tage", "stunden", "caractères",
		"chiffres", "jours", "caracteres", "dígitos", "días", "dias", "horas", "tekens", "dagen":
		return true
	}
	return false
}

// formOfDate reports whether a word says how a date is written, which the reader knows himself: DDMMYYYY, TT.MM.JJJJ.
func formOfDate(word string) bool {
	lower := mailaddr.Lower(word)
	return strings.Contains(lower, "mm") && strings.Trim(lower, "dmytja-./") == ""
}

// beginsSentence reports whether a word behind the colon begins a sentence on how the password comes, or takes its
// place.
func beginsSentence(word string) bool {
	switch mailaddr.Lower(word) {
	case "will", "the", "your", "you", "see", "sent", "send", "by", "via", "per", "please", "ask", "call", "separately",
		"separate", "follows", "follow", "same", "as", "on", "in", "to", "yes", "no", "none", "required", "needed",
		"protected", "forgot", "forgotten", "reset", "change", "changed", "expires", "expired", "wird", "ihr", "ihre",
		"wie", "siehe", "folgt", "separat", "telefonisch", "bitte", "ja", "nein", "sera", "votre", "voir", "par",
		"oui", "non", "será", "su", "ver", "por", "sua", "sí", "sim", "wordt", "uw", "zie", "volgt", "email",
		"e-mail", "phone", "sms",
		"confidential", "secret", "unknown", "n/a":
		return true
	}
	return false
}
