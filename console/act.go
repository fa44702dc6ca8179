package console

import (
	"net/url"

	"clawback/api"
	"clawback/verdict"
)

// messagePath is where a message is shown.
func messagePath(key string) string { return "/messages/" + url.PathEscape(key) }

// orderOf reads an act on a message.
func orderOf(v *visit) api.MessageOrder {
	return api.MessageOrder{Key: v.PathValue("key"), Action: v.PostFormValue("action"),
		Comment: v.PostFormValue("comment")}
}

func retractMessage(v *visit) (view, error) {
	o := orderOf(v)
	if o.Action == "hard_delete" && v.PostFormValue("sure") != "yes" {
		return view{}, invalid("nobody here can undo a purge: check the box that says so, or choose another action")
	}
	_, err := do(v, api.RetractMessage, o)
	return view{To: said(messagePath(o.Key), "retracted")}, err
}

func restoreMessage(v *visit) (view, error) {
	o := orderOf(v)
	o.Action = ""
	_, err := do(v, api.RestoreMessage, o)
	return view{To: said(messagePath(o.Key), "restored")}, err
}

func correctMessage(v *visit) (view, error) {
	is, err := verdict.Parse(v.PostFormValue("is"))
	if err != nil {
		return view{}, invalid(err.Error())
	}
	key := v.PathValue("key")
	_, err = do(v, api.GiveCorrection, api.CorrectionOrder{Key: key, Is: is, Comment: v.PostFormValue("comment")})
	return view{To: said(messagePath(key), "corrected")}, err
}
