package score

import "testing"

func TestPasswordIn(t *testing.T) {
	for text, want := range map[string]bool{
		"Please find the payslips attached. The password is 7731.": true,
		"The password to open the attached file is: Xy7-kk":        true,
		"Password: infected":                                                 true,
		"password=1234":                                                      true,
		"Archive password 20261104":                                          true,
		"PASSWORD\n7731\n":                                                   true,
		"Password:\r\n\r\n7731":                                              true,
		"(password 4821)":                                                    true,
		"pwd: Rech2026":                                                      true,
		"4821 is the password":                                               true,
		"Use 4821 as the password":                                           true,
		"Das Passwort lautet Rechnung2026.":                                  true,
		"Das Kennwort für die Datei ist \"rechnung\"":                        true,
		"Le mot de passe est : Facture#1":                                    true,
		"La contraseña es 4821":                                              true,
		"A senha é 998877":                                                   true,
		"Senha: 998877":                                                      true,
		"Het wachtwoord is Factuur44":                                        true,
		"The passwords are ab12cd and ef34gh":                                true,
		"Passcode - 5512":                                                    true,
		"The password will follow by text message to your phone.":            false,
		"I will give you the password by phone.":                             false,
		"We will never ask for your password by e-mail.":                     false,
		"Password: will be sent separately":                                  false,
		"Password: see my text message":                                      false,
		"Passwort: wie besprochen":                                           false,
		"Passwort folgt telefonisch.":                                        false,
		"The password is required to open the file.":                         false,
		"Your password is valid for 90 days.":                                false,
		"The password is 8 characters long.":                                 false,
		"Passwords must be changed every 90 days.":                           false,
		"The password is the year in which we met.":                          false,
		"The password is your date of birth.":                                false,
		"Forgot your password? Visit: https://sender.example/reset1":         false,
		"Forgot your password: www.sender.example/r1":                        false,
		"Password reset: help1@sender.example":                               false,
		"Le mot de passe vous sera envoyé par SMS.":                          false,
		"La contraseña se enviará por separado.":                             false,
		"Das Passwort erhalten Sie in einer zweiten E-Mail.":                 false,
		"Call us on +49 30 1234567 for the password.":                        false,
		"Our invoice 20261104 is attached. Please ask for the password.":     false,
		"The password-protected file 2026.zip is attached.":                  false,
		"It has no password. Order 4711 is attached.":                        false,
		"the clave of the matter, chapter 3":                                 false,
		"":                                                                   false,
		"password":                                                           false,
		"Password: DDMMYYYY":                                                 false,
		"Password: yyyy-mm-dd\nof your birth":                                false,
		"Kennwort: TTMMJJJJ":                                                 false,
		"Mot de passe : JJ/MM/AAAA":                                          false,
		"Password: mammoth":                                                  true,
		"The meeting is at 12:30. Bring the password manager handbook, v2.0": false,
	} {
		if got := passwordIn(text); got != want {
			t.Errorf("%q: told %v, want %v", text, got, want)
		}
	}
}
