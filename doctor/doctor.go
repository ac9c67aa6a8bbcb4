package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/fault"
	"riposte.dev/iam"
)

// Status is the outcome of a check.
type Status string

// The outcomes, from good to bad.
const (
	OK      Status = "ok"
	Unknown Status = "unknown" // it could not be looked at
	Warn    Status = "warn"    // it works, but something is missing or will fail later
	Fail    Status = "fail"    // riposte cannot do its work
)

var badness = map[Status]int{OK: 0, Unknown: 1, Warn: 2, Fail: 3}

// Result is what a check found.
type Result struct {
	Check   string `json:"check"`
	Status  Status `json:"status"`
	Summary string `json:"summary"`          // one sentence
	Detail  string `json:"detail,omitempty"` // a line for each thing that was found
	Next    string `json:"next,omitempty"`   // the command to type, or what to do
}

// Options are the facts that the checks go by. What is zero is not looked at, and its check says so.
type Options struct {
	AWS func(ctx context.Context, account, region string) (aws.Config, error) // account "": riposte's own, region "": its home
	// Regions returns the regions that are enabled and looked at.
	Regions func(ctx context.Context) ([]string, error)

	EventBridge bool     // events are meant to come by EventBridge
	Endpoints   []string // URLs under which EventBridge's API destinations reach riposte
	Queues      []Queue
	Buckets     []Bucket
	Anchor      *Anchor // nil: none
	Trackers    []Tracker
	Rules       []Rule // the enabled ones

	Principal string     // ARN of the role or user to simulate; "": who the credentials are
	Needs     []iam.Need // what it must be allowed
	// NeedsUnknown is why Needs can't be told; nil where they can.
	NeedsUnknown error
	Accounts     func() []Account

	DataDir string
	Reserve uint64 // bytes that stay free
	Listen  string // host:port
	// Running reports whether it is riposte that listens there.
	Running func(ctx context.Context) bool
	// Validate checks the configuration, rules and playbooks.
	Validate func() error

	Now      func() time.Time
	Timeout  time.Duration                       // of each check; default 30 s
	Progress func(done, total int, check string) // after each check; never two at a time
}

// Rule is an enabled rule.
type Rule struct {
	ID       string
	ReadOnly bool   // it needs events of Get, List or Describe calls
	Sample   []byte // an event that it matches, as EventBridge sends it; nil: not looked at
}

// Account is the health of another account.
type Account struct{ ID, Name, Problem, Hint string }

type doctor struct{ Options }

// check is one entry of the table. It returns a result for each of its names, in their order.
type check struct {
	names []string
	run   func(*doctor, context.Context) []Result
}

// checks is in the order in which people read: who, where, what arrives, what may be done, this host.
var checks = []check{
	{[]string{"configuration"}, (*doctor).configuration},
	{[]string{"credentials", "clock"}, (*doctor).identity},
	{[]string{"regions"}, (*doctor).regions},
	{[]string{"accounts"}, (*doctor).accounts},
	{[]string{"trails"}, (*doctor).trails},
	{[]string{"event rules", "global events", "read-only events"}, (*doctor).eventRules},
	{[]string{"queues"}, (*doctor).queues},
	{[]string{"buckets"}, (*doctor).buckets},
	{[]string{"audit anchor"}, (*doctor).anchor},
	{[]string{"trackers"}, (*doctor).trackers},
	{[]string{"permissions"}, (*doctor).permissions},
	{[]string{"disk"}, (*doctor).disk},
	{[]string{"data folder"}, (*doctor).folder},
	{[]string{"port"}, (*doctor).port},
}

// Run makes all checks and returns their results in a fixed order.
func Run(ctx context.Context, options Options) []Result {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Timeout == 0 {
		options.Timeout = 30 * time.Second
	}
	d := &doctor{options}
	found := make([][]Result, len(checks))
	var all sync.WaitGroup
	var progress sync.Mutex
	done := 0
	for i, c := range checks {
		all.Go(func() {
			found[i] = d.bounded(ctx, c)
			progress.Lock()
			defer progress.Unlock()
			done++
			if options.Progress != nil {
				options.Progress(done, len(checks), strings.Join(c.names, ", "))
			}
		})
	}
	all.Wait()
	var results []Result
	for i, c := range checks {
		for j, r := range found[i] {
			r.Check = c.names[j]
			results = append(results, r)
		}
	}
	return results
}

// bounded makes a check, and gives up on it where it does not heed its bound, as a hung disk doesn't.
func (d *doctor) bounded(ctx context.Context, c check) []Result {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	answer := make(chan []Result, 1)
	go func() { answer <- c.run(d, ctx) }()
	select {
	case results := <-answer:
		return results
	case <-ctx.Done():
	}
	late := make([]Result, len(c.names))
	for i := range late {
		late[i] = Result{Status: Unknown, Summary: fmt.Sprintf("There was no answer within %s.", d.Timeout), Next: "riposte doctor"}
	}
	return late
}

// notes collects what a check finds; the worst decides.
type notes struct {
	status Status
	lines  []string
	next   string
}

func (n *notes) add(status Status, next, format string, args ...any) {
	if n.status == "" || badness[status] > badness[n.status] {
		n.status, n.next = status, next
	}
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

// failed notes a call that did not succeed: a refusal cannot tell how things are.
func (n *notes) failed(err error) {
	n.add(Unknown, fault.Hint(err), "%s", fault.Message(err))
}

// result says well where nothing bad was found, and bad with the details otherwise.
func (n *notes) result(well, bad string) Result {
	r := Result{Status: n.status, Summary: bad, Detail: strings.Join(n.lines, "\n"), Next: n.next}
	if badness[n.status] == 0 {
		r.Status, r.Summary = OK, well
	}
	if n.status == Unknown {
		r.Summary = "It could not be looked at: " + n.lines[0]
	}
	return r
}

func one(r Result) []Result { return []Result{r} }
