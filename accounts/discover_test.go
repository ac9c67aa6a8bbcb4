package accounts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/accounts"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// memory is checkpoints that end with the test.
type memory struct {
	mu     sync.Mutex
	values map[string]string
}

func (m *memory) Get(_ context.Context, key string) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, known := m.values[key]
	return value, known, nil
}

func (m *memory) Set(_ context.Context, key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	return nil
}

// units puts into the answers of ListAccounts what the sandbox doesn't know: states and paths.
func units(of map[string]map[string]any) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListAccounts") {
				next.ServeHTTP(w, r)
				return
			}
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			var body map[string]any
			if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			if list, ok := body["Accounts"].([]any); ok {
				for _, a := range list {
					account := a.(map[string]any)
					for k, v := range of[account["Id"].(string)] {
						account[k] = v
					}
				}
			}
			text, err := json.Marshal(body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
			w.WriteHeader(answer.Code)
			_, _ = w.Write(text)
		})
	}
}

func (w *world) organize() {
	w.t.Helper()
	if err := w.accounts[own].CreateOrganization(w.accounts[other], w.accounts[third]); err != nil {
		w.t.Fatal(err)
	}
}

func ids(list []accounts.Account) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.ID)
	}
	return out
}

func TestDiscoverFindsTheWantedAccounts(t *testing.T) {
	const prod, test = "ou-abcd-11111111", "ou-abcd-22222222"
	path := func(units ...string) []string { return []string{"o-x/r-abcd/" + strings.Join(units, "/") + "/"} }
	placed := map[string]map[string]any{
		own:   {"Paths": path(own)},
		other: {"Paths": path(prod, "ou-abcd-33333333", other)},
		third: {"Paths": path(test, third)},
	}
	tests := []struct {
		name             string
		units            map[string]map[string]any
		include, exclude []string
		want             []string
		code             fault.Code
	}{
		{name: "all", want: []string{other, third, own}},
		{name: "without one", exclude: []string{third}, want: []string{other, own}},
		{name: "one unit with what is below", units: placed, include: []string{prod}, want: []string{other}},
		{name: "the root without a unit", units: placed, include: []string{"r-abcd"}, exclude: []string{test}, want: []string{other, own}},
		{name: "exclude wins", units: placed, include: []string{other, third}, exclude: []string{third}, want: []string{other}},
		{name: "paths are not told", include: []string{prod}, code: fault.Unavailable},
		{name: "suspended, the old way", units: map[string]map[string]any{third: {"Status": "SUSPENDED"}}, want: []string{other, own}},
		{name: "closing, the new way", units: map[string]map[string]any{third: {"State": "PENDING_CLOSURE"}}, want: []string{other, own}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, units(tt.units))
			w.organize()
			changes := 0
			a := w.open(func(o *accounts.Options) {
				o.Organization = &accounts.Organization{RoleName: roleName, ExternalID: "xyz", Include: tt.include, Exclude: tt.exclude}
				o.Changed = func() { changes++ }
			})
			for range 2 {
				if err := a.Discover(t.Context()); fault.CodeOf(err) != tt.code {
					t.Fatalf("Discover: %v, want %q", err, tt.code)
				}
			}
			if d := cmp.Diff(tt.want, ids(a.List())); d != "" {
				t.Errorf("accounts (-want +got)\n%s", d)
			}
			if want := min(1, len(tt.want)); changes != want {
				t.Errorf("%d changes were told, want %d", changes, want)
			}
		})
	}
}

func TestDiscoveredAccountsAreReached(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 30 { // three pages
		w.addAccount(fmt.Sprintf("2222333300%02d", i))
	}
	var members []*sandbox.Account
	for id, a := range w.accounts {
		if id != own {
			members = append(members, a)
		}
	}
	if err := w.accounts[own].CreateOrganization(members...); err != nil {
		t.Fatal(err)
	}
	w.role(other, "riposte", "xyz")
	configured := accounts.Account{ID: third, Name: "by hand", Role: w.role(third, "by-hand", "abc"), ExternalID: "abc"}
	manager := w.role(own, "manager", "xyz")
	a := w.open(func(o *accounts.Options) {
		o.Accounts = []accounts.Account{configured}
		o.Organization = &accounts.Organization{RoleName: "riposte", ExternalID: "xyz", Manager: manager}
	})
	if err := a.Discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(a.List()); n != 33 {
		t.Errorf("%d accounts, want 33", n)
	}
	for account, want := range map[string]string{
		own:   "arn:aws:iam::" + own + ":user/riposte",
		other: "arn:aws:sts::" + other + ":assumed-role/riposte/riposte",
		third: "arn:aws:sts::" + third + ":assumed-role/by-hand/riposte",
	} {
		if got, err := w.who(a, account, region); err != nil || got != want {
			t.Errorf("%s is reached as %q, %v; want %q", account, got, err, want)
		}
	}
	for _, c := range w.Calls() {
		if c.Operation == "ListAccounts" && !strings.Contains(c.Principal, "assumed-role/manager/") {
			t.Errorf("the organisation was asked as %s", c.Principal)
		}
	}
}

func TestAFailedDiscoveryKeepsTheLastList(t *testing.T) {
	w := newWorld(t, nil)
	w.organize()
	saved := &memory{values: map[string]string{}}
	var problems []string
	var mu sync.Mutex
	options := func(o *accounts.Options) {
		o.Organization = &accounts.Organization{RoleName: "riposte"}
		o.Checkpoints = saved
		o.Report = func(p string) {
			mu.Lock()
			defer mu.Unlock()
			problems = append(problems, p)
		}
	}
	if err := w.open(options).Discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	remove := w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "organizations"}, Error: &sandbox.FaultError{Code: "AccessDeniedException"}})
	defer remove()
	run := func(change func(*accounts.Options)) (*accounts.Accounts, func()) {
		a := w.open(func(o *accounts.Options) { options(o); change(o) })
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		return a, func() {
			stop()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	}
	a, stop := run(func(*accounts.Options) {})
	await(t, "the failure is reported", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(problems) == 1 && strings.Contains(problems[0], "organizations:ListAccounts")
	})
	if got := len(a.List()); got != 3 {
		t.Errorf("%d accounts after a restart without Organizations, want the 3 of the last list", got)
	}
	await(t, "the accounts are checked", func() bool {
		for _, h := range a.Health() {
			if h.Status == accounts.Unknown {
				return false
			}
		}
		return true
	})
	stop()
	// A list that was made with other wishes is not taken.
	a, stop = run(func(o *accounts.Options) { o.Organization.Exclude = []string{third} })
	await(t, "the failure is reported again", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(problems) == 2
	})
	if got := a.List(); len(got) != 0 {
		t.Errorf("accounts %v were taken from a list with another filter", ids(got))
	}
	stop()
}
