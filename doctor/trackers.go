package doctor

import (
	"context"
	"fmt"

	"riposte.dev/fault"
)

// Tracker is where tickets are opened.
type Tracker struct {
	Name  string
	Probe func(ctx context.Context) error // nil where it would take a ticket
}

func (d *doctor) trackers(ctx context.Context) []Result {
	if len(d.Trackers) == 0 {
		return one(Result{Status: OK, Summary: "No tracker is configured."})
	}
	var n notes
	for _, t := range d.Trackers {
		switch err := t.Probe(ctx); {
		case err == nil:
		case fault.Retryable(err):
			n.failed(err)
		default:
			n.add(Fail, fault.Hint(err), "%s", fault.Message(err))
		}
	}
	return one(n.result(fmt.Sprintf("%d trackers take tickets.", len(d.Trackers)), "Not all trackers take tickets."))
}
