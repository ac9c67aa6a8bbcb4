package kms

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/action"
	"riposte.dev/action/setting"
)

func TestTheDeletionOfAPrimaryKeyIsCancelled(t *testing.T) {
	waiting := keyState{types.KeyStatePendingReplicaDeletion}
	for to, want := range map[types.KeyState]string{
		types.KeyStateDisabled: "CancelKeyDeletion", types.KeyStateEnabled: "CancelKeyDeletion EnableKey",
	} {
		there, err := stateSteps(action.Resource{}, waiting, keyState{to})
		if err != nil || !waiting.pending() || operations(there) != want {
			t.Errorf("to %s: %s, %v; want %s", to, operations(there), err, want)
		}
		back, err := stateSteps(action.Resource{}, keyState{to}, waiting)
		if err != nil || operations(back) != "ScheduleKeyDeletion" || back[0].Leaves != waiting {
			t.Errorf("back from %s: %+v, %v", to, back, err)
		}
	}
}

func operations(steps []setting.Step[keyState]) string {
	var names []string
	for _, s := range steps {
		names = append(names, s.Operation)
	}
	return strings.Join(names, " ")
}

func TestReplicasRotateWithTheirPrimaryKey(t *testing.T) {
	now := rotation{State: types.KeyStateEnabled, Origin: string(types.OriginTypeAwsKms), Spec: types.KeySpecSymmetricDefault, primary: "us-east-1"}
	_, _, err := wantRotation(action.Resource{}, keyParams{}, now)
	var left setting.Escalation
	if !errors.As(err, &left) || !strings.Contains(string(left), "us-east-1") {
		t.Error(fmt.Sprint(err))
	}
}
