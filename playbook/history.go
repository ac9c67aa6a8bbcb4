package playbook

import (
	"context"

	"riposte.dev/asl"
)

// History returns an execution's history in Step Functions' events; fault.NotFound where there is none, fault.Invalid where its
// journal can't be read. Where it stopped to wait for people or for a pause is in the [View], not here: Step Functions has no such event.
func (r *Runtime) History(ctx context.Context, id string) ([]asl.HistoryEvent, error) {
	entries, err := r.opts.Journal.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	e, err := fold(id, entries, &r.machines)
	if err != nil {
		return nil, err
	}
	var steps []asl.Record
	for _, entry := range entries {
		record, err := DecodeRecord(entry.Data)
		if err != nil {
			return nil, err
		}
		if record.Step != nil {
			steps = append(steps, *record.Step)
		}
	}
	return e.machine.History(e.begin.Start.Input, e.began, steps), nil
}
