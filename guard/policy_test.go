package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
)

// units knows one account's place.
type units struct{ err error }

func (u units) Above(context.Context, string) ([]string, error) {
	return []string{"ou-prod", "r-root"}, u.err
}

func everywhere() []Scope { return []Scope{{Accounts: []string{"*"}}} }

// under decides about a plan of one tagged trail under a policy.
func under(t *testing.T, p Policy, u Units, change func(*Proposal)) action.Item {
	t.Helper()
	proposed := proposal(Auto)
	proposed.Principal = "arn:aws:iam::111122223333:user/mallory"
	proposed.Plan.Items[0].Resource.Tags = map[string]string{"env": "prod"}
	if change != nil {
		change(&proposed)
	}
	g := newGuard(t, &clock{now: noon}, Options{Policy: func() *Policy { return &p }, Units: u})
	d, err := g.Decide(context.Background(), proposed)
	if err != nil {
		t.Fatal(err)
	}
	if d.Plan.Items[0].Status == action.Change && !d.MayApply() {
		d.Plan.Items[0].Status = action.Status("shown in mode " + d.Mode)
	}
	return d.Plan.Items[0]
}

func TestScopes(t *testing.T) {
	noTags := func(p *Proposal) { p.Plan.Items[0].Resource.Tags = nil }
	for _, tt := range []struct {
		name   string
		scope  Scope
		units  Units
		change func(*Proposal)
		allows bool // as allow
		denies bool // as deny
		says   string
	}{
		{"everywhere", Scope{Accounts: []string{"*"}}, nil, nil, true, true, ""},
		{"this account", Scope{Accounts: []string{"999999999999", account}}, nil, nil, true, true, ""},
		{"another account", Scope{Accounts: []string{"999999999999"}}, nil, nil, false, false, ""},
		{"this region", Scope{Regions: []string{"eu-*"}}, nil, nil, true, true, ""},
		{"another region", Scope{Regions: []string{"us-*"}}, nil, nil, false, false, ""},
		{"this trail", Scope{Resources: []string{"*:trail/main"}}, nil, nil, true, true, ""},
		{"another trail", Scope{Resources: []string{"*:trail/other"}}, nil, nil, false, false, ""},
		{"this action", Scope{Actions: []string{"cloudtrail.*"}}, nil, nil, true, true, ""},
		{"another action", Scope{Actions: []string{"ec2.*"}}, nil, nil, false, false, ""},
		{"this rule", Scope{Rules: []string{"cloudtrail-logging-stopped"}}, nil, nil, true, true, ""},
		{"another rule", Scope{Rules: []string{"x"}}, nil, nil, false, false, ""},
		{"this principal", Scope{Principals: []string{"arn:aws:iam::*:user/mallory"}}, nil, nil, true, true, ""},
		{"another principal", Scope{Principals: []string{"arn:aws:iam::*:user/ana"}}, nil, nil, false, false, ""},
		{"the tag", Scope{Tags: map[string]string{"env": "pro*"}}, nil, nil, true, true, ""},
		{"another value", Scope{Tags: map[string]string{"env": "test"}}, nil, nil, false, false, ""},
		{"another tag", Scope{Tags: map[string]string{"owner": "*"}}, nil, nil, false, false, ""},
		{"tags that are not known", Scope{Tags: map[string]string{"env": "prod"}}, nil, noTags, false, true, "the tags of main are not known"},
		{"all must hold", Scope{Accounts: []string{account}, Regions: []string{"us-*"}}, nil, nil, false, false, ""},
		{"a no wins over what is not known", Scope{Regions: []string{"us-*"}, Units: []string{"ou-prod"}}, nil, nil, false, false, ""},
		{"above the account", Scope{Units: []string{"r-root"}}, units{}, nil, true, true, ""},
		{"not above the account", Scope{Units: []string{"ou-test"}}, units{}, nil, false, false, ""},
		{"no organisation", Scope{Units: []string{"ou-prod"}}, nil, nil, false, true, "knows no organisation"},
		{"the organisation fails", Scope{Units: []string{"ou-prod"}}, units{errors.New("throttled")}, nil, false, true, "throttled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			allowed := under(t, Policy{Allow: []Scope{tt.scope}}, tt.units, tt.change)
			if (allowed.Status == action.Change) != tt.allows || !strings.Contains(allowed.Reason, tt.says) {
				t.Errorf("as allow: %s (%s)", allowed.Status, allowed.Reason)
			}
			denied := under(t, Policy{Allow: everywhere(), Deny: []Scope{tt.scope}}, tt.units, tt.change)
			if (denied.Status == action.Escalated && len(denied.Calls) == 0) != tt.denies || !strings.Contains(denied.Reason, tt.says) {
				t.Errorf("as deny: %s (%s)", denied.Status, denied.Reason)
			}
		})
	}
}

func TestNothingIsAllowedWithoutAScope(t *testing.T) {
	if item := under(t, Policy{}, nil, nil); item.Status != action.Escalated {
		t.Errorf("in mode auto: %+v", item)
	}
	shown := under(t, Policy{}, nil, func(p *Proposal) { p.Mode = DryRun })
	if shown.Status != "shown in mode dry-run" || len(shown.Calls) != 1 {
		t.Errorf("in a dry run: %+v", shown)
	}
}

func TestProtectedResources(t *testing.T) {
	p := Policy{Allow: everywhere(), Protected: []string{"*:trail/main"}}
	for _, undo := range []bool{false, true} {
		if item := under(t, p, nil, func(p *Proposal) { p.Undo = undo }); item.Status != action.Escalated || !strings.Contains(item.Reason, "protected") {
			t.Errorf("undo %v: %+v", undo, item)
		}
	}
	if item := under(t, Policy{Deny: everywhere()}, nil, func(p *Proposal) { p.Undo = true }); item.Status != action.Change {
		t.Errorf("an undo where all is denied: %+v", item)
	}
}

func TestUndosThatSomebodyElseApproves(t *testing.T) {
	for _, tt := range []struct {
		undo, expired bool
		policy        Mode
		want          action.Status
	}{
		{true, false, Approve, "shown in mode approve"},
		{true, false, Auto, action.Change},
		{true, false, "", action.Change},
		{true, true, Approve, action.Change}, // nobody's wish
		{false, false, Approve, action.Change},
	} {
		item := under(t, Policy{Allow: everywhere(), Undo: tt.policy}, nil, func(p *Proposal) { p.Undo, p.Expired = tt.undo, tt.expired })
		if item.Status != tt.want {
			t.Errorf("%+v: it is %s", tt, item.Status)
		}
	}
}

func TestBreakGlass(t *testing.T) {
	p := Policy{Allow: everywhere(), BreakGlass: []string{"*break-glass*"}}
	g := newGuard(t, &clock{now: noon}, Options{Policy: func() *Policy { return &p }})
	for _, tt := range []struct {
		name   string
		mutate func(*event.Record)
		want   Outcome
	}{
		{"the user", func(r *event.Record) { r.UserIdentity.ARN = "arn:aws:iam::111122223333:user/break-glass" }, NotifyOnly},
		{"the role", func(r *event.Record) {
			r.UserIdentity.ARN = "arn:aws:sts::111122223333:assumed-role/break-glass/ana"
			r.UserIdentity.SessionContext.SessionIssuer.ARN = "arn:aws:iam::111122223333:role/break-glass"
		}, NotifyOnly},
		{"a session that calls itself so", func(r *event.Record) {
			r.UserIdentity.ARN = "arn:aws:sts::111122223333:assumed-role/dev/break-glass"
			r.UserIdentity.SessionContext.SessionIssuer.ARN = "arn:aws:iam::111122223333:role/dev"
		}, Respond},
		{"a session without its issuer", func(r *event.Record) {
			r.UserIdentity.ARN = "arn:aws:sts::111122223333:assumed-role/dev/break-glass"
		}, Respond},
	} {
		v, err := g.Admit(context.Background(), Admission{Rule: "r", Mode: Auto, Event: record(t, tt.mutate)})
		if err != nil || v.Outcome != tt.want {
			t.Errorf("%s: %+v, %v, want %s", tt.name, v, err, tt.want)
		}
	}
}

func TestWindows(t *testing.T) {
	night := Window{Name: "night", From: "22:00", To: "06:00", Zone: "Europe/Vienna"}
	sunday := night
	sunday.Days = []Day{"Sun"} // noon is one, 2026-03-01
	asked := night
	asked.Mode = Approve
	for _, tt := range []struct {
		name   string
		window Window
		now    time.Time
		want   action.Status
	}{
		{"by day", night, noon, action.Change},
		{"at its beginning", night, time.Date(2026, 3, 1, 21, 0, 0, 0, time.UTC), "shown in mode notify"},
		{"a moment before", night, time.Date(2026, 3, 1, 20, 59, 59, 0, time.UTC), action.Change},
		{"after midnight", night, time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), "shown in mode notify"},
		{"at its end", night, time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC), action.Change},
		{"it asks", asked, time.Date(2026, 3, 1, 21, 0, 0, 0, time.UTC), "shown in mode approve"},
		{"on its day", sunday, time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC), "shown in mode notify"},
		{"begun on its day", sunday, time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), "shown in mode notify"},
		{"on another day", sunday, time.Date(2026, 3, 2, 22, 0, 0, 0, time.UTC), action.Change},
		{"elsewhere", Window{Name: "x", From: "00:00", To: "23:59", Scope: Scope{Accounts: []string{"999999999999"}}}, noon, action.Change},
		{"a zone that is none", Window{Name: "x", From: "00:00", To: "23:59", Zone: "Mars"}, noon, action.Escalated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Policy{Allow: everywhere(), Windows: []Window{tt.window}}
			g := newGuard(t, &clock{now: tt.now}, Options{Policy: func() *Policy { return &p }})
			d, err := g.Decide(context.Background(), proposal(Auto))
			if err != nil {
				t.Fatal(err)
			}
			got := d.Plan.Items[0].Status
			if got == action.Change && !d.MayApply() {
				got = action.Status("shown in mode " + d.Mode)
			}
			if got != tt.want {
				t.Errorf("%s, want %s: %q", got, tt.want, d.Reasons)
			}
		})
	}
}

// limited decides again and again about plans of n trails at a time, each of another effect.
type limited struct {
	t       *testing.T
	clock   *clock
	history *History
	policy  Policy
	effects int
}

func (l *limited) decide(n int, change func(*Proposal)) Decision {
	l.t.Helper()
	p := proposal(Auto)
	l.effects++
	p.Effect, p.Plan.Items = fmt.Sprint("e", l.effects), nil
	for i := range n {
		p.Plan.Items = append(p.Plan.Items, trail(fmt.Sprint("t", i)))
	}
	if change != nil {
		change(&p)
	}
	d, err := l.guard().Decide(context.Background(), p)
	if err != nil {
		l.t.Fatal(err)
	}
	return d
}

func (l *limited) guard() *Guard {
	return newGuard(l.t, l.clock, Options{Policy: func() *Policy { return &l.policy }, History: l.history})
}

// done tells the guard what became of the last effect's first item.
func (l *limited) done(status action.Status) {
	p := proposal(Auto)
	p.Effect = fmt.Sprint("e", l.effects)
	item := trail("t0")
	item.Status = status
	l.guard().Done(p, item)
}

func newLimited(t *testing.T, p Policy) *limited {
	p.Allow = everywhere()
	return &limited{t: t, clock: &clock{now: noon}, history: NewHistory(), policy: p}
}

func let(d Decision) (n int) {
	for _, item := range d.Plan.Items {
		if item.Status == action.Change {
			n++
		}
	}
	return n
}

func TestBlastRadius(t *testing.T) {
	l := newLimited(t, Policy{})
	if got := let(l.decide(10, nil)); got != 10 {
		t.Errorf("%d of 10 may be changed", got)
	}
	if d := l.decide(11, nil); let(d) != 0 || !strings.Contains(d.Plan.Items[0].Reason, "11 resources") {
		t.Errorf("%d of 11 may be changed: %q", let(d), d.Reasons)
	}
	l.policy.Without = []Limit{LimitBlastRadius}
	if got := let(l.decide(5, nil)); got != 5 {
		t.Errorf("without the limit %d of 5 may be changed", got)
	}
}

func TestBudgets(t *testing.T) {
	l := newLimited(t, Policy{Budgets: []Budget{{Changes: 3, Within: time.Hour}}})
	if got := let(l.decide(2, nil)); got != 2 {
		t.Fatalf("%d of 2", got)
	}
	if d := l.decide(2, nil); let(d) != 1 || !strings.Contains(strings.Join(d.Reasons, " "), "3 changes for each action and account in 1h0m0s is spent") {
		t.Errorf("%d of the last one: %q", let(d), d.Reasons)
	}
	if got := let(l.decide(1, func(p *Proposal) { p.Effect = "e1" })); got != 1 {
		t.Error("an effect that looks again is counted twice")
	}
	if got := let(l.decide(1, func(p *Proposal) { p.Plan.Items[0].Resource.Account = "999999999999" })); got != 1 {
		t.Error("another account shares the budget")
	}
	if got := let(l.decide(1, func(p *Proposal) { p.Undo = true })); got != 1 {
		t.Error("an undo is held up")
	}
	l.clock.now = noon.Add(time.Hour)
	if got := let(l.decide(1, nil)); got != 1 {
		t.Error("an hour later the budget is still spent")
	}
	for _, look := range []func(*Proposal){func(p *Proposal) { p.Mode = DryRun }, func(p *Proposal) { p.Effect = "" }} {
		fresh := newLimited(t, Policy{Budgets: []Budget{{Changes: 1, Within: time.Hour}}})
		for range 2 {
			if let(fresh.decide(1, look)) != 1 {
				t.Error("a look spends the budget")
			}
		}
	}
}

func TestBudgetsPer(t *testing.T) {
	for per, wants := range map[Per][]int{ // of the same again, another resource, another account, another action
		PerActionAndAccount: {0, 0, 1, 1}, PerAction: {0, 0, 0, 1}, PerAccount: {0, 0, 1, 0}, PerResource: {0, 1, 1, 0}, PerEverything: {0, 0, 0, 0},
	} {
		for i, change := range []func(*Proposal){
			nil,
			func(p *Proposal) { p.Plan.Items[0] = trail("another") },
			func(p *Proposal) {
				p.Plan.Items[0] = trail("elsewhere")
				p.Plan.Items[0].Resource.Account = "999999999999"
			},
			func(p *Proposal) { p.Spec.Name, p.Plan.Action = "x.y", "x.y" },
		} {
			l := newLimited(t, Policy{Budgets: []Budget{{Per: per, Changes: 1, Within: time.Hour}}})
			l.decide(1, nil)
			if got := let(l.decide(1, change)); got != wants[i] {
				t.Errorf("per %s, case %d: %d, want %d", per, i, got, wants[i])
			}
		}
	}
	l := newLimited(t, Policy{Budgets: []Budget{{Actions: []string{"ec2.*"}, Changes: 0, Within: time.Hour}}})
	if got := let(l.decide(1, nil)); got != 1 {
		t.Error("a budget of other actions counts")
	}
}

func TestBudgetsAreCountedOverRestarts(t *testing.T) {
	l := newLimited(t, Policy{Budgets: []Budget{{Changes: 2, Within: time.Hour}}})
	resource := trail("t0").Resource
	l.history.Seed([]Change{
		{Key: "old", Action: proposal(Auto).Spec.Name, Account: resource.Account, Resource: resource.ARN, At: noon.Add(-2 * time.Hour)},
		{Key: "b", Action: proposal(Auto).Spec.Name, Account: resource.Account, Resource: resource.ARN, At: noon.Add(-time.Minute)},
		{Key: "a", Action: proposal(Auto).Spec.Name, Account: resource.Account, Resource: resource.ARN, At: noon.Add(-time.Hour + time.Second)},
		{Key: "a", Action: proposal(Auto).Spec.Name, Account: resource.Account, Resource: resource.ARN, At: noon},
	})
	if got := let(l.decide(1, nil)); got != 0 {
		t.Error("changes of an earlier process are not counted")
	}
	l.clock.now = noon.Add(2 * time.Second)
	if got := let(l.decide(1, nil)); got != 1 {
		t.Error("the older change still counts")
	}
}

func TestBreakerOpensAfterFailures(t *testing.T) {
	l := newLimited(t, Policy{Breaker: Breaker{Failures: 2}})
	for range 2 {
		if let(l.decide(1, nil)) != 1 {
			t.Fatal("it is open too early")
		}
		l.done(action.Failed)
	}
	if d := l.decide(1, nil); let(d) != 0 || !strings.Contains(strings.Join(d.Reasons, " "), "rests until 2026-03-01T12:15:00Z after 2 failures in 10m0s") {
		t.Fatalf("it is closed after the failures: %q", d.Reasons)
	}
	if let(l.decide(1, func(p *Proposal) { p.Undo = true })) != 1 {
		t.Error("an undo is held up")
	}
	l.clock.now = noon.Add(15 * time.Minute)
	if let(l.decide(3, nil)) != 1 {
		t.Error("after its rest not exactly one change is tried")
	}
	if let(l.decide(1, nil)) != 0 {
		t.Error("a second change is tried beside the first")
	}
	l.effects--
	l.done(action.Failed)
	l.clock.now = l.clock.now.Add(14 * time.Minute)
	if let(l.decide(1, nil)) != 0 {
		t.Error("a probe that failed does not make it rest again")
	}
	l.clock.now = l.clock.now.Add(time.Minute)
	if let(l.decide(1, nil)) != 1 {
		t.Error("no second probe")
	}
	l.done(action.Changed)
	if let(l.decide(3, nil)) != 3 {
		t.Error("it is not closed after a probe that worked")
	}
}

func TestBreakerOpensOnVolume(t *testing.T) {
	l := newLimited(t, Policy{Breaker: Breaker{Volume: 3}})
	if let(l.decide(3, nil)) != 3 || let(l.decide(1, nil)) != 0 {
		t.Error("it is not open after 3 changes")
	}
	old := newLimited(t, Policy{Breaker: Breaker{Volume: 3, Failures: 1}, Without: []Limit{LimitBreaker}})
	old.decide(3, nil)
	old.done(action.Failed)
	if let(old.decide(1, nil)) != 1 {
		t.Error("a breaker that is switched off is open")
	}
}

func TestCheckPolicy(t *testing.T) {
	var said []string
	(&Policy{
		Allow: []Scope{{}, {Accounts: []string{"prod"}, Units: []string{"prod"}, Resources: []string{"sg-1"}, Principals: []string{"ana"}}},
		Deny:  []Scope{{}}, Protected: []string{"x"}, BreakGlass: []string{"*"}, BlastRadius: -1, Undo: Notify,
		Budgets: []Budget{{Changes: -1}}, Breaker: Breaker{Failures: -1, Rest: -1},
		Windows: []Window{{From: "25:00", To: "25:00", Zone: "Mars", Days: []Day{"Son"}, Mode: "bold", Scope: Scope{Accounts: []string{"x"}}}},
	}).Check(func(path, format string, args ...any) { said = append(said, path+": "+fmt.Sprintf(format, args...)) })
	for _, want := range []string{
		"allow[0]: it names nothing", `allow[1].accounts[0]: account "prod"`, `allow[1].units[0]: unit "prod"`, `allow[1].resources[0]: "sg-1"`,
		`allow[1].principals[0]: "ana"`, "deny[0]: it names nothing", `protected[0]: "x"`, `break_glass[0]: "*" names nobody`, "blast_radius: -1", `undo: an undo has no mode "notify"`,
		"budgets[0].changes: -1", "budgets[0].within: 0s", "breaker: failures", "breaker: within", `windows[0].from: "25:00"`, `windows[0].to: "25:00"`,
		"windows[0]: it begins and ends", `windows[0].zone: there is no time zone "Mars"`, `windows[0].days[0]: "Son"`, "windows[0].mode", `windows[0].scope.accounts[0]`,
	} {
		if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("nothing says %q in %q", want, said)
		}
	}
	(&Policy{Allow: everywhere()}).Check(func(path, format string, args ...any) { t.Errorf("%s: %s", path, fmt.Sprintf(format, args...)) })
}
