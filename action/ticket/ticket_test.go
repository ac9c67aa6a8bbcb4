package ticket_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ticket"
	"riposte.dev/action/ticket/tickettest"
	"riposte.dev/fault"
	"riposte.dev/notify/outbound"
)

// tracker is a stand-in, of either kind.
type tracker interface {
	Tickets() []tickettest.Ticket
	Writes() int
	Stale(reads int)
	Throttle(seconds int)
	Drop()
	Move(key, state string)
}

// desk is a stand-in with riposte's configuration of it.
type desk struct {
	tracker
	t       *testing.T
	config  ticket.Config
	working string // a state in which somebody works on it
	closed  string
}

var kinds = []struct {
	name string
	open func(t *testing.T) desk
}{
	{"jira", func(t *testing.T) desk {
		j := tickettest.NewJira(t)
		return desk{j, t, ticket.Config{Kind: ticket.Jira, URL: j.URL, User: tickettest.User, TokenFile: tickettest.TokenFile(t), Project: tickettest.Project, AllowPrivate: true}, "In Progress", "Done"}
	}},
	{"servicenow", func(t *testing.T) desk {
		s := tickettest.NewServiceNow(t)
		return desk{s, t, ticket.Config{Kind: ticket.ServiceNow, URL: s.URL, User: tickettest.User, TokenFile: tickettest.TokenFile(t), AllowPrivate: true}, "2", "6"}
	}},
}

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (d desk) trackers() *ticket.Trackers {
	d.t.Helper()
	if problems := ticket.Check(map[string]ticket.Config{"security": d.config}); len(problems) > 0 {
		d.t.Fatal(problems)
	}
	trackers, err := ticket.New(map[string]ticket.Config{"security": d.config}, ticket.Options{Secret: outbound.Secret, Now: func() time.Time { return now }})
	if err != nil {
		d.t.Fatal(err)
	}
	return trackers
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params), Effect: "e1/Open.3"}
}

// state says how the tickets stand: what an undo must bring back. A closed ticket is none.
func (d desk) state() string {
	var open []string
	for _, t := range d.Tickets() {
		if t.State != d.closed {
			open = append(open, fmt.Sprintf("%s %s %s %s", t.Key, t.State, t.Fields["close_code"], t.Fields["close_notes"]))
		}
	}
	return strings.Join(open, "\n")
}

// opened opens a ticket by the action.
func (d desk) opened(correlation string) action.Item {
	d.t.Helper()
	create := ticket.NewCreate(d.trackers())
	p, err := create.Plan(d.t.Context(), request(fmt.Sprintf(`{"title":"A trail was stopped","description":"By mallory.","severity":"HIGH","correlation":%q}`, correlation)))
	if err != nil {
		d.t.Fatal(err)
	}
	item := p.Items[0]
	if item.Receipts, err = create.Apply(d.t.Context(), item); err != nil {
		d.t.Fatal(err)
	}
	item.Status = action.Changed
	return item
}

// The conformance suite, for both kinds of trackers.
func TestActionsKeepTheContract(t *testing.T) {
	for _, kind := range kinds {
		world := func(d desk, newAction func(*ticket.Trackers) action.Action, params, missing string) actiontest.World {
			return actiontest.World{
				Action: func([]string) action.Action { return newAction(d.trackers()) }, Request: request(params), Missing: json.RawMessage(missing),
				State: d.state, Writes: d.Writes, Stale: d.Stale, Permission: func(action.Call) string { return "" },
			}
		}
		t.Run(kind.name+" create", func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				d := kind.open(t)
				w := world(d, ticket.NewCreate, `{"title":"A trail was stopped","severity":"HIGH"}`, `{"tracker":"nobody","title":"x"}`)
				w.Interfere = func() { d.Move(d.Tickets()[0].Key, d.working) }
				return w
			})
		})
		t.Run(kind.name+" comment", func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				d := kind.open(t)
				d.opened("f1")
				w := world(d, ticket.NewComment, `{"correlation":"f1","text":"It logs again."}`, `{"correlation":"f2","text":"x"}`)
				w.State = func() string { return strings.Join(d.Tickets()[0].Comments, "\n") }
				return w
			})
		})
		t.Run(kind.name+" close", func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				d := kind.open(t)
				d.opened("f1")
				d.Move(d.Tickets()[0].Key, d.working)
				w := world(d, ticket.NewClose, `{"correlation":"f1","text":"It logs again."}`, `{"correlation":"f2"}`)
				w.Interfere = func() { d.Move(d.Tickets()[0].Key, map[string]string{"Done": "To Do", "6": "3"}[d.closed]) }
				return w
			})
		})
	}
}

// What is opened: the texts, without secrets, where the tracker has them; and once for one reason.
func TestATicketIsOpenedOnce(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			d := kind.open(t)
			d.config.Fields = map[string]any{"priority": "1"}
			create := ticket.NewCreate(d.trackers())
			req := request(`{"title":"A trail\nwas stopped","description":"By mallory.\n\npassword=hunter2hunter2","severity":"CRITICAL"}`)
			plan, err := create.Plan(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			d.Drop() // the answer is lost, so nobody knows that it is there
			receipts, err := create.Apply(t.Context(), plan.Items[0])
			if !fault.Retryable(err) || len(receipts) != 1 || receipts[0].RequestID != "" {
				t.Fatalf("%v, %+v", err, receipts)
			}
			again, err := create.Plan(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			tickets := d.Tickets()
			actiontest.Want(t, again.Items[0], action.Unneeded, tickets[0].Key+" is there already")
			one := tickets[0]
			if len(tickets) != 1 || one.Title != "A trail was stopped" || !strings.HasPrefix(one.Text, "By mallory.") || strings.Contains(one.Text, "hunter2") {
				t.Errorf("%+v", tickets)
			}
			item := plan.Items[0]
			item.Status, item.Receipts = action.Failed, receipts
			if undo, err := create.Undo(t.Context(), item); err != nil || undo.Items[0].Status != action.Change {
				t.Errorf("the undo of what may be there: %+v, %v", undo, err)
			}
			req.Effect = "e2/Open.3"
			if other, err := create.Plan(t.Context(), req); err != nil || other.Items[0].Status != action.Change {
				t.Errorf("another execution: %+v, %v", other, err)
			}
		})
	}
}

func TestWhatAPlaybookGetsOfANewTicket(t *testing.T) {
	for _, kind := range kinds {
		d := kind.open(t)
		item := d.opened("f1")
		var out struct{ Ticket, URL string }
		if err := json.Unmarshal(item.Receipts[0].Output, &out); err != nil || out.Ticket != d.Tickets()[0].Key || !strings.HasPrefix(out.URL, d.config.URL+"/") {
			t.Errorf("%s: %s, %v", kind.name, item.Receipts[0].Output, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, kind := range kinds {
		for _, tt := range []struct {
			name  string
			spoil func(d *desk)
			code  fault.Code
			says  string
		}{
			{"wrong token", func(d *desk) { d.config.User = "eve@example.com" }, fault.Unauthenticated, "401"},
			{"too many calls", func(d *desk) { d.Throttle(120) }, fault.Throttled, "429"},
			{"private address", func(d *desk) {
				d.config.AllowPrivate, d.config.URL = false, strings.Replace(d.config.URL, "http:", "https:", 1)
			}, fault.Denied, "private address"},
			{"no such place", func(d *desk) { d.config.Project, d.config.Table = "OPS", "oncident" }, fault.Invalid, "400"},
		} {
			t.Run(kind.name+" "+tt.name, func(t *testing.T) {
				d := kind.open(t)
				tt.spoil(&d)
				trackers := d.trackers()
				create := ticket.NewCreate(trackers)
				for range 2 {
					_, err := create.Plan(t.Context(), request(`{"title":"x"}`))
					if fault.CodeOf(err) != tt.code || strings.Contains(err.Error(), tickettest.Token) {
						t.Errorf("%v (%s), want %s", err, fault.CodeOf(err), tt.code)
					}
				}
				if err := trackers.Probe(t.Context(), "security"); err == nil {
					t.Error("doctor finds nothing wrong")
				}
			})
		}
	}
}

// What the tracker asks to wait is waited, without asking it again.
func TestAPauseIsKept(t *testing.T) {
	for _, kind := range kinds {
		d := kind.open(t)
		d.Throttle(120)
		create := ticket.NewCreate(d.trackers())
		for i, says := range []string{"429", "asked to wait 2m0s"} {
			if i == 1 {
				d.Throttle(0)
			}
			if _, err := create.Plan(t.Context(), request(`{"title":"x"}`)); fault.CodeOf(err) != fault.Throttled || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", kind.name, err, says)
			}
		}
	}
}

// A field that the tracker wants, or doesn't know, is told with the tracker's own words.
func TestWhatTheTrackerWants(t *testing.T) {
	d := kinds[0].open(t)
	d.config.Fields = map[string]any{"customfield_10010": "x"}
	create := ticket.NewCreate(d.trackers())
	plan, err := create.Plan(t.Context(), request(`{"title":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	receipts, err := create.Apply(t.Context(), plan.Items[0])
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "customfield_10010: Field 'customfield_10010' cannot be set") || receipts[0].RequestID == "" {
		t.Errorf("%v, %+v", err, receipts)
	}
}

func TestKeysOfOtherPlaces(t *testing.T) {
	for _, kind := range kinds {
		d := kind.open(t)
		d.opened("f1")
		for _, key := range []string{"OPS-1", "SEC-1/../2", "SEC-", "INC0010001^ORactive=true", "x"} {
			_, err := ticket.NewClose(d.trackers()).Plan(t.Context(), request(fmt.Sprintf(`{"ticket":%q}`, key)))
			if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
				t.Errorf("%s: %s: %v", kind.name, key, err)
			}
		}
		_, err := ticket.NewClose(d.trackers()).Plan(t.Context(), request(`{"ticket":"`+map[string]string{"jira": "SEC-99", "servicenow": "INC0099999"}[kind.name]+`"}`))
		if fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", kind.name, err)
		}
	}
}

// A workflow decides which ways there are: where none is the only one, people are asked to say which, or to go it.
func TestWorkflows(t *testing.T) {
	for _, tt := range []struct {
		name, status string
		ways         map[string][]string
		want         action.Status
		says         string
	}{
		{"one way", "", map[string][]string{"To Do": {"In Progress", "Done"}}, action.Change, "is in state To Do"},
		{"two ways", "", map[string][]string{"To Do": {"Won't Do", "Done"}}, action.Escalated, "set close_status"},
		{"two ways, one named", "done", map[string][]string{"To Do": {"Won't Do", "Done"}}, action.Change, ""},
		{"another named", "Solved", map[string][]string{"To Do": {"Done"}}, action.Escalated, "correct close_status"},
		{"no way", "", map[string][]string{"To Do": {"In Progress"}}, action.Escalated, "by hand"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := kinds[0].open(t)
			d.tracker.(*tickettest.Jira).Ways = tt.ways
			d.config.CloseStatus = tt.status
			created := d.opened("f1")
			closing := ticket.NewClose(d.trackers())
			p, err := closing.Plan(t.Context(), request(`{"correlation":"f1"}`))
			if err != nil {
				t.Fatal(err)
			}
			actiontest.Want(t, p.Items[0], tt.want, tt.says)
			undo, err := ticket.NewCreate(d.trackers()).Undo(t.Context(), created)
			if err != nil {
				t.Fatal(err)
			}
			if undo.Items[0].Status != tt.want {
				t.Errorf("the undo of opening it is %s, want %s", undo.Items[0].Status, tt.want)
			}
			if tt.want != action.Change {
				return
			}
			item := p.Items[0]
			if item.Receipts, err = closing.Apply(t.Context(), item); err != nil {
				t.Fatal(err)
			}
			back, err := closing.Undo(t.Context(), item)
			if err != nil {
				t.Fatal(err)
			}
			actiontest.Want(t, back.Items[0], action.Escalated, "No transition leads back to status To Do")
		})
	}
}

// Between plan and calls somebody else may be quicker.
func TestWhatChangedAfterThePlan(t *testing.T) {
	for _, kind := range kinds {
		d := kind.open(t)
		create := ticket.NewCreate(d.trackers())
		p, err := create.Plan(t.Context(), request(`{"title":"x","correlation":"f1"}`))
		if err != nil {
			t.Fatal(err)
		}
		d.opened("f1")
		if receipts, err := create.Apply(t.Context(), p.Items[0]); fault.CodeOf(err) != fault.Conflict || len(receipts) > 0 || len(d.Tickets()) != 1 {
			t.Errorf("%s: %v, %+v", kind.name, err, receipts)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, kind := range kinds {
		d := kind.open(t)
		if err := d.trackers().Probe(t.Context(), "security"); err != nil || d.Writes() > 0 {
			t.Errorf("%s: %v", kind.name, err)
		}
	}
	d := kinds[0].open(t)
	d.tracker.(*tickettest.Jira).Refused = []string{"TRANSITION_ISSUES"}
	if err := d.trackers().Probe(t.Context(), ""); fault.CodeOf(err) != fault.Denied || !strings.Contains(err.Error(), "TRANSITION_ISSUES") {
		t.Errorf("%v", err)
	}
	if err := (*ticket.Trackers)(nil).Probe(t.Context(), ""); fault.CodeOf(err) != fault.NotFound || !strings.Contains(fault.Hint(err), "riposte.yaml") {
		t.Errorf("%v", err)
	}
}

func TestCheck(t *testing.T) {
	good := map[string]ticket.Config{
		"jira": {Kind: "jira", URL: "https://example.atlassian.net", User: "a@example.com", TokenFile: "t", Project: "SEC"},
		"snow": {Kind: "servicenow", URL: "https://example.service-now.com", TokenFile: "t", Table: "sn_si_incident", CloseStatus: "3", ClosedStates: []string{"3", "7"}},
	}
	if problems := ticket.Check(good); len(problems) > 0 {
		t.Error(problems)
	}
	var got []string
	for _, p := range ticket.Check(map[string]ticket.Config{
		"A b": {Kind: "jira", URL: "https://example.atlassian.net", User: "a@example.com", TokenFile: "t", Project: "SEC"},
		"b":   {Kind: "bugzilla", URL: "ftp://example.com", TokenFile: "t"},
		"c":   {Kind: "jira", URL: "http://example.com", User: "a:b", TokenFile: "t", Project: "sec", Fields: map[string]any{"summary": "x"}},
		"d":   {Kind: "jira", URL: "https://u:p@example.com", TokenFile: "t", Project: "SEC"},
		"e":   {Kind: "servicenow", URL: "https://example.com", TokenFile: "t", Table: "Incident; drop", ClosedStates: []string{"closed"}},
	}) {
		got = append(got, p.Path)
	}
	want := []string{`["A b"]`, "b.url", "b.kind", "c.url", "c.project", "c.fields.summary", "c.user", "d.url", "d.user", "e.table", "e.close_status"}
	if !slices.Equal(got, want) {
		t.Errorf("problems at %q, want %q", got, want)
	}
}
