package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/internal/mailaddr"
	"clawback/retract/fault"
)

// Grant is what Microsoft says about a tenant that has consented.
type Grant struct {
	Tenant string   `json:"tenant"`         // id in the token and of /organization
	Name   string   `json:"name,omitempty"` // "" when the organisation may not be read
	Roles  []string `json:"roles"`          // application permissions in the token
}

// Ask asks Microsoft with the application's own credential. Its failures are *fault.Fault.
type Ask func(ctx context.Context) (Grant, error)

// waits are the pauses after consent: the service principal takes up to minutes to reach all servers.
var waits = []time.Duration{
	2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute, time.Minute,
	2 * time.Minute,
}

// Verify proves that the tenant can be reached, waiting while consent spreads. Pause is told before each wait; nil:
// not.
func Verify(ctx context.Context, ask Ask, tenant string, pause func(time.Duration, error)) (Grant, error) {
	for i := 0; ; i++ {
		g, err := ask(ctx)
		if err == nil {
			return g, g.belongs(tenant)
		}
		if i == len(waits) || !spreading(err) {
			return Grant{}, fmt.Errorf("verify consent: %w", err)
		}
		if pause != nil {
			pause(waits[i], err)
		}
		select {
		case <-time.After(waits[i]):
		case <-ctx.Done():
			return Grant{}, fmt.Errorf("verify consent: %w", errors.Join(ctx.Err(), err))
		}
	}
}

// belongs: I4.
func (g Grant) belongs(tenant string) error {
	if tenant != "" && !mailaddr.Equal(g.Tenant, tenant) {
		return fmt.Errorf("%w: the token is for %s, wanted is %s", ErrTenant, g.Tenant, tenant)
	}
	return nil
}

// spreading says that a failure may pass by itself within minutes of a consent.
func spreading(err error) bool {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return false
	}
	return f.Class == fault.Retry || slices.Contains([]string{"AADSTS700016", "AADSTS7000229", "AADSTS65001"}, f.Code)
}

// required are the permissions without which nothing works, with Mail.ReadWrite replaceable by RBAC for Applications.
var required = []string{"Mail.ReadWrite", "User.Read.All"}

// String is the message of success.
func (g Grant) String() string {
	name := g.Name
	if name == "" {
		name = "The tenant"
	}
	out := fmt.Sprintf("%s (%s) is connected. Granted: %s.", name, g.Tenant, list(g.Roles))
	var missing []string
	for _, role := range required {
		if !slices.Contains(g.Roles, role) {
			missing = append(missing, role)
		}
	}
	if len(missing) > 0 {
		out += fmt.Sprintf(" Not granted: %s; add it to the app registration and consent again, or, for "+
			"Mail.ReadWrite, "+
			"assign it by RBAC for Applications.", list(missing))
	}
	return out
}

func list(words []string) string {
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
