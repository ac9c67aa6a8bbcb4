package guard

import (
	"context"
	"fmt"
)

// failedCall keeps calls that AWS refused from starting a response: they changed nothing.
func (g *Guard) failedCall(_ context.Context, a *admission) (*Verdict, error) {
	if a.record == nil {
		a.skip("The event is no record of a call.")
		return nil, nil
	}
	if a.record.ErrorCode == "" {
		a.pass("The call succeeded.")
		return nil, nil
	}
	return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{fmt.Sprintf(
		"The call failed with %s, so there is nothing to respond to.", a.record.ErrorCode)}}, nil
}
