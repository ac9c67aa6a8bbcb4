package aws

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// documents runs Systems Manager documents on machines (Run Command). SendCommand knows no token: a command whose
// acceptance was not learned is run again.
type documents struct{ sender }

var _ target.Sender = (*documents)(nil)

// Send runs the document. The input is its parameters: an object of texts or lists of texts.
func (s *documents) Send(ctx context.Context, r target.Request) error {
	parameters, err := documentParameters(&r)
	if err != nil {
		return err
	}
	cfg, to, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	in := &ssm.SendCommandInput{
		DocumentName: aws.String(r.Target.ARN), Parameters: parameters, Comment: aws.String("riposte " + r.ID),
	}
	if to.AccountID == "" { // AWS's own documents go by name
		in.DocumentName = aws.String(name(to.Resource))
	}
	for _, t := range r.Target.RunCommandParameters.RunCommandTargets {
		in.Targets = append(in.Targets, types.Target{Key: aws.String(t.Key), Values: t.Values})
	}
	if _, err := ssm.NewFromConfig(cfg).SendCommand(ctx, in); err != nil {
		return s.failed(ctx, &r.Target, "send the command", err)
	}
	return nil
}

// documentParameters reads the input; a target that says nothing of its input has a document without parameters.
func documentParameters(r *target.Request) (map[string][]string, error) {
	if r.Target.WholeEvent() {
		return nil, nil
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(r.Input, &given); err != nil {
		return nil, fault.New(fault.Invalid, "the input is not an object of parameters: %w", err)
	}
	parameters := map[string][]string{}
	for key, value := range given {
		var list []string
		var one string
		if json.Unmarshal(value, &list) != nil {
			if json.Unmarshal(value, &one) != nil {
				return nil, fault.New(fault.Invalid, "parameter %q is neither a text nor a list of texts", key).
					WithHint(`write {"commands": ["systemctl stop sshd"]}`)
			}
			list = []string{one}
		}
		parameters[key] = list
	}
	return parameters, nil
}
