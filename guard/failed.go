package guard

import (
	"context"
	"fmt"
)

// failedCall keeps calls that AWS refused from starting a response: they changed nothing.
func (g *Guard) failedCall(_ context.Context, a *admission) (*Verdict, error) {
	if a.record == nil || a.record.ErrorCode == "" {
		return nil, nil
	}
	return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{fmt.Sprintf(
		"The call failed with %s, so there is nothing to respond to.", a.record.ErrorCode)}}, nil
}
