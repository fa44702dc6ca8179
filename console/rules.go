package console

import (
	"strconv"
	"time"

	"clawback/api"
)

// rulesPage is the gateway's own rules, and what they would have done.
type rulesPage struct {
	List        api.Page[api.Rule]
	Next        string
	MayBacktest bool
	Days        int
	Result      *api.BacktestResult
}

const backtestDays = 7

func showRules(v *visit) (view, error) { return rulesWith(v, backtestDays, nil) }

func rulesWith(v *visit, days int, result *api.BacktestResult) (view, error) {
	page := rulesPage{Days: days, Result: result, MayBacktest: v.who.MaySomewhere(api.BacktestRules)}
	var err error
	if page.List, err = do(v, api.ListRules, paging(v)); err != nil {
		return view{}, err
	}
	page.Next = nextOf(v, page.List.Next)
	return view{Page: "rules", Title: "Rules", Place: "/rules", Data: page}, nil
}

func backtestRules(v *visit) (view, error) {
	days, err := strconv.Atoi(v.PostFormValue("days"))
	if err != nil || days < 1 || days > 90 {
		return view{}, invalid("days: write a number from 1 to 90")
	}
	result, err := do(v, api.BacktestRules, api.Backtest{Since: v.now.AddDate(0, 0, -days).UTC().Truncate(time.Second),
		Limit: backtestLimit})
	if err != nil {
		return view{}, err
	}
	return rulesWith(v, days, &result)
}

// backtestLimit is how many messages a backtest of the console reads: a browser does not wait for ever.
const backtestLimit = 2000
