package ec2

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// power is whether an instance runs, as EC2 names its states.
type power struct {
	State types.InstanceStateName `json:"state"`
}

func readPower(ctx context.Context, cfg aws.Config, r action.Resource) (power, error) {
	i, err := describeInstance(ctx, cfg, r.Name)
	if err != nil {
		return power{}, err
	}
	return power{i.State.Name}, nil
}

func powerSteps(r action.Resource, _, to power) ([]setting.Step[power], error) {
	operation := map[types.InstanceStateName]string{
		types.InstanceStateNameStopped: "StopInstances", types.InstanceStateNameRunning: "StartInstances", types.InstanceStateNameTerminated: "TerminateInstances",
	}[to.State]
	return []setting.Step[power]{{Operation: operation, Input: map[string]any{"InstanceIds": []string{r.Name}}, Leaves: to}}, nil
}

var powerOperations = map[string]setting.Operation{
	"StopInstances":      setting.Op(ec2.NewFromConfig, (*ec2.Client).StopInstances),
	"StartInstances":     setting.Op(ec2.NewFromConfig, (*ec2.Client).StartInstances),
	"TerminateInstances": setting.Op(ec2.NewFromConfig, (*ec2.Client).TerminateInstances),
}

// NewStop returns the action ec2.stop-instance.
func NewStop(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, power]{
		Spec: action.Spec{
			Name:  "ec2.stop-instance",
			Title: "Stop an instance",
			Description: "Stops an instance; its volumes stay. What is in memory and on instance store volumes is lost: isolate it first where that " +
				"is evidence. An Auto Scaling group replaces a stopped instance unless it is detached. The undo starts it again, for which EC2 is " +
				"granted the use of the keys of its volumes.",
			Parameters:  json.RawMessage(idSchema("instance_id", "i", "instance")),
			Permissions: []string{"ec2:DescribeInstances", "ec2:StopInstances", "ec2:StartInstances", "kms:CreateGrant"},
			Within:      map[string]action.Limit{"kms:CreateGrant": action.GrantTo("ec2")},
			Effect:      action.StateChecked, Evidence: action.EventEvidence, TakesSeconds: 900,
		},
		Find: findInstance, Read: readPower,
		Want: func(_ action.Resource, _ instanceParams, now power) (power, string, error) {
			switch now.State {
			case types.InstanceStateNameRunning:
				return power{types.InstanceStateNameStopped}, "It runs.", nil
			case types.InstanceStateNamePending:
				return now, "", setting.Escalation("It is being started, and can be stopped when it runs.")
			default:
				return now, "It does not run: its state is " + string(now.State) + ".", nil
			}
		},
		Steps: powerSteps, Operations: powerOperations,
	})
}

// NewTerminate returns the action ec2.terminate-instance.
func NewTerminate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, termination]{
		Spec: action.Spec{
			Name:  "ec2.terminate-instance",
			Title: "Terminate an instance",
			Description: "Ends an instance for good, with the volumes that go with it. An instance that is protected from termination is left: " +
				"somebody must take the protection away first.",
			Parameters:   json.RawMessage(idSchema("instance_id", "i", "instance")),
			Permissions:  []string{"ec2:DescribeInstances", "ec2:DescribeInstanceAttribute", "ec2:TerminateInstances"},
			Effect:       action.StateChecked,
			Evidence:     action.EventEvidence,
			Irreversible: "a terminated instance can't be started again; isolate it where it may be needed",
			TakesSeconds: 900,
		},
		Find: findInstance, Read: readTermination,
		Want: func(_ action.Resource, _ instanceParams, now termination) (termination, string, error) {
			switch {
			case now.State == types.InstanceStateNameTerminated || now.State == types.InstanceStateNameShuttingDown:
				return now, "It is terminated already.", nil
			case now.Protected:
				return now, "", setting.Escalation("It is protected from termination: take the protection away if it is to go.")
			}
			return termination{State: types.InstanceStateNameTerminated}, "It is there.", nil
		},
		Steps: func(r action.Resource, _, to termination) ([]setting.Step[termination], error) {
			return []setting.Step[termination]{{Operation: "TerminateInstances", Input: map[string]any{"InstanceIds": []string{r.Name}}, Leaves: to}}, nil
		},
		Operations: powerOperations,
	})
}

// termination is whether an instance is there, and may be ended.
type termination struct {
	State     types.InstanceStateName `json:"state"`
	Protected bool                    `json:"protected_from_termination"`
}

func readTermination(ctx context.Context, cfg aws.Config, r action.Resource) (termination, error) {
	i, err := describeInstance(ctx, cfg, r.Name)
	if err != nil {
		return termination{}, err
	}
	if i.State.Name == types.InstanceStateNameTerminated {
		return termination{State: i.State.Name}, nil
	}
	out, err := ec2.NewFromConfig(cfg).DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{
		InstanceId: &r.Name, Attribute: types.InstanceAttributeNameDisableApiTermination,
	})
	if err != nil {
		return termination{}, missing(err, "ec2:DescribeInstanceAttribute", "instance", r.Name)
	}
	now := termination{State: i.State.Name}
	if v := out.DisableApiTermination; v != nil {
		now.Protected = aws.ToBool(v.Value)
	}
	return now, nil
}
