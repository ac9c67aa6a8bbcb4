package ec2

import (
	"errors"
	"strings"
	"testing"

	"riposte.dev/action/setting"
)

func TestWhatADeclarativePolicySaysIsLeftToPeople(t *testing.T) {
	for _, tt := range []struct {
		now   publicSharing
		left  bool
		state string
	}{
		{publicSharing{"unblocked", true}, true, "unblocked"},
		{publicSharing{"block-new-sharing", true}, true, "block-new-sharing"},
		{publicSharing{"block-all-sharing", true}, false, "block-all-sharing"},
		{publicSharing{"unblocked", false}, false, "block-all-sharing"},
	} {
		want, _, err := tt.now.want("block-all-sharing", "It can be shared.")
		var left setting.Escalation
		if errors.As(err, &left) != tt.left || want.State != tt.state || tt.left && !strings.Contains(string(left), "declarative policy") {
			t.Errorf("%+v: want %+v, %v", tt.now, want, err)
		}
	}
}
