package console

func showNotices(v *visit) (view, error) {
	return view{Page: "notices", Title: "Notices", Place: "/notices", Data: v.status.Notices}, nil
}
