package action_test

import (
	"testing"

	"riposte.dev/action"
)

func TestTouched(t *testing.T) {
	calls := []action.Call{{Service: "ec2", Operation: "CreateTags"}, {Service: "ec2", Operation: "ModifyInstanceAttribute"}}
	receipt := func(operation, id, failed string) action.Receipt {
		return action.Receipt{Service: "ec2", Operation: operation, RequestID: id, Error: failed}
	}
	for name, tt := range map[string]struct {
		item action.Item
		want bool
	}{
		"changed":                {action.Item{Status: action.Changed}, true},
		"planned":                {action.Item{Status: action.Change, Calls: calls}, false},
		"nothing was called":     {action.Item{Status: action.Failed, Calls: calls}, false},
		"refused at once":        {action.Item{Status: action.Failed, Calls: calls, Receipts: []action.Receipt{receipt("CreateTags", "1", "AccessDenied: no")}}, false},
		"it only looked":         {action.Item{Status: action.Failed, Calls: calls, Receipts: []action.Receipt{receipt("DescribeInstances", "1", "")}}, false},
		"the second was refused": {action.Item{Status: action.Failed, Calls: calls, Receipts: []action.Receipt{receipt("CreateTags", "1", ""), receipt("ModifyInstanceAttribute", "2", "AccessDenied: no")}}, true},
		"an answer was lost":     {action.Item{Status: action.Failed, Calls: calls, Receipts: []action.Receipt{receipt("CreateTags", "", "connection reset")}}, true},
	} {
		if got := tt.item.Touched(); got != tt.want {
			t.Errorf("%s: touched %v, want %v", name, got, tt.want)
		}
	}
}
