// Package config has the action on AWS Config: a recorder that was stopped.
package config

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

type recorderParams struct {
	Recorder string `json:"recorder,omitempty"`
}

// recorder is whether AWS Config records changes of resources.
type recorder struct {
	Recording bool `json:"recording"`

	delivers bool // there is a channel by which it can deliver
}

const (
	recorderType = "AWS::Config::ConfigurationRecorder"
	accountType  = "AWS::::Account"
)

// findRecorders returns the recorders of the region, or the account where there is none. Those of other AWS services are left
// out, because only those may turn them on and off.
func findRecorders(ctx context.Context, cfg aws.Config, req action.Request, p recorderParams) ([]action.Resource, error) {
	in := &configservice.DescribeConfigurationRecordersInput{}
	if p.Recorder != "" {
		in.ConfigurationRecorderNames = []string{p.Recorder}
	}
	out, err := configservice.NewFromConfig(cfg).DescribeConfigurationRecorders(ctx, in)
	if err != nil {
		return nil, awscall.Missing(awscall.Fault(err, "config:DescribeConfigurationRecorders", "list the recorders of AWS Config in %s", req.Region),
			"account "+req.Account+" has no recorder "+p.Recorder+" in "+req.Region, "leave the name out: an account has one recorder in a region")
	}
	arn := "arn:" + awscall.Partition(req.Region)
	var found []action.Resource
	for _, r := range out.ConfigurationRecorders {
		if aws.ToString(r.ServicePrincipal) != "" {
			continue
		}
		name := aws.ToString(r.Name)
		found = append(found, action.Resource{
			Type: recorderType, Name: name, Account: req.Account, Region: req.Region,
			ARN: cmp.Or(aws.ToString(r.Arn), arn+":config:"+req.Region+":"+req.Account+":configuration-recorder/"+name),
		})
	}
	if len(found) == 0 {
		found = []action.Resource{{
			Type: accountType, ARN: arn + ":iam::" + req.Account + ":root", Name: "account " + req.Account, Account: req.Account, Region: req.Region,
		}}
	}
	return found, nil
}

func readRecorder(ctx context.Context, cfg aws.Config, r action.Resource) (recorder, error) {
	client := configservice.NewFromConfig(cfg)
	out, err := client.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{
		ConfigurationRecorderNames: []string{r.Name},
	})
	if err != nil {
		return recorder{}, awscall.Fault(err, "config:DescribeConfigurationRecorderStatus", "see whether the recorder %s records", r.Name)
	}
	var now recorder
	for _, s := range out.ConfigurationRecordersStatus {
		now.Recording = now.Recording || s.Recording
	}
	channels, err := client.DescribeDeliveryChannels(ctx, nil)
	if err != nil {
		return now, awscall.Fault(err, "config:DescribeDeliveryChannels", "look at the delivery channel in %s", r.Region)
	}
	now.delivers = len(channels.DeliveryChannels) > 0
	return now, nil
}

// NewStartRecorder returns the action config.start-recorder.
func NewStartRecorder(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[recorderParams, recorder]{
		Spec: action.Spec{
			Name:  "config.start-recorder",
			Title: "Start a stopped recorder of AWS Config",
			Description: "Has AWS Config record changes of resources in the region again. An account without a recorder or a delivery channel in the " +
				"region is left to people. Changes from while it was stopped show as one.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "properties": {"recorder": {"type": "string", "minLength": 1, "maxLength": 256, "description": "name of the recorder; the region's if absent"}}
}`),
			Permissions: []string{
				"config:DescribeConfigurationRecorders", "config:DescribeConfigurationRecorderStatus", "config:DescribeDeliveryChannels",
				"config:StartConfigurationRecorder", "config:StopConfigurationRecorder",
			},
			Effect: action.StateChecked,
		},
		Find: findRecorders,
		Leave: func(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
			if r.Type == accountType {
				return "AWS Config has no recorder in " + r.Region + ": set it up, with a delivery channel.", nil
			}
			return "", nil
		},
		Read: readRecorder,
		Want: func(_ action.Resource, _ recorderParams, now recorder) (recorder, string, error) {
			switch {
			case now.Recording:
				return now, "It records already.", nil
			case !now.delivers:
				return now, "", setting.Escalation("It has no delivery channel, without which AWS Config doesn't start it: make one.")
			}
			return recorder{Recording: true}, "It is stopped, so changes of resources go unseen.", nil
		},
		Steps: func(r action.Resource, _, to recorder) ([]setting.Step[recorder], error) {
			operation := "StopConfigurationRecorder"
			if to.Recording {
				operation = "StartConfigurationRecorder"
			}
			return []setting.Step[recorder]{{Operation: operation, Input: map[string]string{"ConfigurationRecorderName": r.Name}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"StartConfigurationRecorder": setting.Op(configservice.NewFromConfig, (*configservice.Client).StartConfigurationRecorder),
			"StopConfigurationRecorder":  setting.Op(configservice.NewFromConfig, (*configservice.Client).StopConfigurationRecorder),
		},
	})
}
