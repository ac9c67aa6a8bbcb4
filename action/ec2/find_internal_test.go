package ec2

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
)

// The sandbox has no resource shares.
func TestWhatAnotherAccountSharesIsLeft(t *testing.T) {
	req := action.Request{Account: "111122223333", Region: "eu-west-1"}
	for owner, says := range map[string]string{"111122223333": "", "444455556666": "Account 444455556666 owns it"} {
		left, err := leaveShared(t.Context(), aws.Config{}, newResource("AWS::EC2::Subnet", "subnet", "subnet-0123456789abcdef0", owner, req, nil))
		if err != nil || !strings.HasPrefix(left, says) || (left == "") != (says == "") {
			t.Errorf("of %s: %q, %v, want %q", owner, left, err, says)
		}
	}
}

// The models that the sandbox speaks by know no operators of instances.
func TestWhatAServiceManagesIsLeft(t *testing.T) {
	for _, tt := range []struct {
		operator *types.OperatorResponse
		says     string
	}{
		{nil, ""},
		{&types.OperatorResponse{Managed: aws.Bool(false)}, ""},
		{&types.OperatorResponse{Managed: aws.Bool(true), Principal: aws.String("eks.amazonaws.com")}, "eks.amazonaws.com manages it"},
	} {
		if left := managed(types.Instance{Operator: tt.operator}); !strings.HasPrefix(left, tt.says) || (left == "") != (tt.says == "") {
			t.Errorf("of %+v: %q, want %q", tt.operator, left, tt.says)
		}
	}
}
