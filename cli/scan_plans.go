package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/fault"
)

// rehearsals is how many responses are planned side by side, and rehearsalTime how long one may take.
const (
	rehearsals    = 2
	rehearsalTime = time.Minute
)

// response is what a rule starts for an event.
type response struct {
	playbook string
	input    json.RawMessage
	event    *event.Envelope
}

// responses keeps the newest responses, one for each rule and resource.
type responses struct {
	limit  int
	seen   map[string]bool // rule and resources
	newest []Detection     // newest first, at most limit
}

func newResponses(limit int) *responses {
	return &responses{limit: limit, seen: map[string]bool{}}
}

func responseKey(d *Detection) string { return d.Rule + "\x00" + strings.Join(d.Resources, "\x00") }

func (r *responses) add(d Detection) {
	if d.response == nil || r.limit == 0 {
		return
	}
	key := responseKey(&d)
	r.seen[key] = true
	if at := slices.IndexFunc(r.newest, func(have Detection) bool { return responseKey(&have) == key }); at >= 0 {
		if r.newest[at].Time >= d.Time {
			return
		}
		r.newest = slices.Delete(r.newest, at, at+1)
	}
	at, _ := slices.BinarySearchFunc(r.newest, d, func(a, b Detection) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(responseKey(&a), responseKey(&b)))
	})
	r.newest = slices.Insert(r.newest, at, d)
	r.newest = r.newest[:min(len(r.newest), r.limit)]
}

// rehearsed is a response as it would be now: an object {"plan": …} of `riposte scan --aws --plans`.
type rehearsed struct {
	Rule      string        `json:"rule"`
	Title     string        `json:"title"`
	Playbook  string        `json:"playbook"`
	EventID   string        `json:"event_id"`
	Time      string        `json:"time"` // of the event, RFC 3339
	Account   string        `json:"account"`
	Region    string        `json:"region"`
	Resources []string      `json:"resources"`
	Plans     []action.Plan `json:"plans"`
	Problems  []problem     `json:"problems,omitempty"` // why something could not be planned
}

type problem struct {
	Error string `json:"error"`
	Next  string `json:"next,omitempty"`
}

// rehearse plans the responses, newest first.
func (r *responses) rehearse(ctx context.Context, plan PlanFunc, session AWSSession) []rehearsed {
	out := make([]rehearsed, len(r.newest))
	slots := make(chan struct{}, rehearsals)
	var wg sync.WaitGroup
	for i, d := range r.newest {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, rehearsalTime)
			defer cancel()
			result, err := plan(ctx, PlanRequest{
				Rule: d.Rule, Playbook: d.response.playbook, Input: d.response.input, Event: d.response.event, AWS: session,
			})
			one := rehearsed{
				Rule: d.Rule, Title: d.Title, Playbook: d.response.playbook, EventID: d.EventID, Time: d.Time,
				Account: d.Account, Region: d.Region, Resources: d.Resources, Plans: some(result.Plans),
			}
			if err != nil {
				result.Failed = append(result.Failed, err)
			}
			for _, err := range result.Failed {
				one.Problems = append(one.Problems, problem{fault.Message(err), fault.Hint(err)})
			}
			out[i] = one
		})
	}
	wg.Wait()
	return out
}

// print shows what would have been done.
func (r *responses) print(w io.Writer, plans []rehearsed) {
	if len(plans) == 0 {
		return
	}
	fmt.Fprintln(w, "\nWhat riposte would do about it now (planned only; nothing was changed):")
	for _, p := range plans {
		fmt.Fprintf(w, "\n%s %s\n  rule %s, playbook %s\n", p.Time, p.Title, p.Rule, p.Playbook)
		printPlans(w, p.Plans)
		for _, problem := range p.Problems {
			fmt.Fprintf(w, "  not planned: %s\n", problem.Error)
			if problem.Next != "" {
				fmt.Fprintf(w, "    next: %s\n", problem.Next)
			}
		}
		if len(p.Plans) == 0 && len(p.Problems) == 0 {
			fmt.Fprintln(w, "  nothing to do in the account")
		}
	}
	if more := len(r.seen) - len(plans); more > 0 {
		fmt.Fprintf(w, "\nand %d older responses; --plans %d shows all\n", more, len(r.seen))
	}
}
