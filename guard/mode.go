package guard

import (
	"context"

	"riposte.dev/fault"
)

// level orders the modes from careful to bold; 0 is no mode.
func (m Mode) level() int {
	switch m {
	case Notify:
		return 1
	case DryRun:
		return 2
	case Approve:
		return 3
	case Auto:
		return 4
	default:
		return 0
	}
}

// Check returns fault.Invalid with the modes that exist where m is none.
func (m Mode) Check() error {
	if m.level() == 0 {
		return fault.New(fault.Invalid, "there is no mode %q", string(m)).
			WithHint("the modes are, from careful to bold: notify, dry-run, approve, auto")
	}
	return nil
}

// Bolder reports whether m lets more happen than other. No mode at all is the most careful one.
func (m Mode) Bolder(other Mode) bool { return m.level() > other.level() }

// MayApply reports whether the decision lets the plan's calls be made now. In every other mode they are only shown.
func (d Decision) MayApply() bool { return d.Mode == Auto }

// admitMode lets the event start what its rule's mode allows.
func (g *Guard) admitMode(_ context.Context, a *admission) (*Verdict, error) {
	if err := a.Mode.Check(); err != nil {
		return nil, err
	}
	if a.Mode == Notify {
		return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{"The rule's mode is notify, so people are told and nothing is started."}}, nil
	}
	a.pass("The mode is %s.", a.Mode)
	return &Verdict{Outcome: Respond, Mode: a.Mode}, nil
}

// decideMode lets nothing be done in modes that only tell or show.
func (g *Guard) decideMode(_ context.Context, d *draft) error {
	if err := d.mode.Check(); err != nil {
		return err
	}
	if d.byPerson() && d.mode == Auto && d.policy.Undo == Approve {
		d.mode = Approve
	}
	switch d.mode {
	case Notify:
		for i := range d.plan.Items {
			d.plan.Items[i].Calls = nil
		}
		d.holdBack("The mode is notify: nothing is done.")
	case DryRun:
		d.holdBack("The mode is dry-run: the plan is shown and nothing is done.")
	default:
		d.pass("The mode is %s.", d.mode)
	}
	return nil
}

// needApproval says that people are to be asked first; asking them is the playbook's part.
func (g *Guard) needApproval(_ context.Context, d *draft) error {
	switch {
	case d.mode != Approve:
		d.skip("Nobody is asked in mode %s.", d.mode)
	case d.changes():
		d.holdBack("The mode is approve: nothing is done until somebody approves the plan.")
	}
	return nil
}
