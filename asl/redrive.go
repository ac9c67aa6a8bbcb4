package asl

import "maps"

// Redrive returns the record that lets an execution go on that FAILED, was ABORTED or TIMED_OUT: at the states that failed
// or were under way, of a Parallel or Map in its branches that did not succeed. ok is false for an execution that can't: it runs, has
// succeeded, or has no room for more events (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html).
func (x *Execution) Redrive() (r Record, ok bool) {
	if x.Status == "" || x.Status == Succeeded || x.Events >= MaxEvents || x.Frames[""] == nil {
		return Record{}, false
	}
	return Record{Kind: Redriven}, true
}

func (x *Execution) redrive(r Record) {
	x.Status, x.Output, x.Error, x.Cause = "", nil, "", ""
	x.Redrives++
	x.Redriven = r.Time
	x.Events++
	if x.machine.Timeout > 0 {
		x.Deadline = r.Time.Add(x.machine.Timeout)
	}
	if root := x.Frames[""]; root != nil {
		root.revive(x)
	}
}

// revive lets a branch go on that had not ended well.
func (f *Frame) revive(x *Execution) {
	x.Frames[f.Path] = f
	f.failure, f.Retries = nil, nil
	defer x.schedule.update(f)
	if f.fork == nil || !f.fork.ready || f.fork.begun == 0 {
		f.again, f.outcome, f.Waiting = true, nil, false
		return
	}
	f.outcome = nil
	k := f.fork
	maps.Copy(k.branches, k.fallen)
	clear(k.fallen)
	k.running, k.failed, k.failure = len(k.branches), 0, nil
	for _, branch := range inOrder(k.branches) {
		k.bytes -= len(k.results[branch.index].Input)
		k.results[branch.index] = MapResult{}
		branch.revive(x)
	}
}
