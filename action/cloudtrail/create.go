package cloudtrail

import (
	"cmp"
	"context"
	"encoding/json"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type createParams struct {
	Bucket string `json:"bucket"`
	Prefix string `json:"prefix,omitempty"`
	Name   string `json:"name,omitempty"`
	Key    string `json:"kms_key,omitempty"`
}

func (p createParams) name() string { return cmp.Or(p.Name, "riposte") }

// recording is which trail of all regions there is, the first by ARN, and whether it logs; a trail of the organisation does, as far
// as a member account sees.
type recording struct {
	Trail   string `json:"trail,omitempty"` // ARN
	Logging bool   `json:"logging"`

	trail  trail
	single []string // names of the region's trails that record it alone

	create createParams
}

// trailName is what CloudTrail takes for one
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html).
var trailName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$`)

func findForTrail(_ context.Context, _ aws.Config, req action.Request, p createParams) ([]action.Resource, error) {
	switch {
	case p.Bucket == "":
		return nil, fault.New(fault.Invalid, "no bucket is named").WithHint(`give {"bucket": "<name>"}, of one whose policy lets CloudTrail write`)
	case !trailName.MatchString(p.name()):
		return nil, fault.New(fault.Invalid, "name %.200q is not that of a trail", p.Name).
			WithHint("3 to 128 letters, digits, dots, dashes and underscores, with a letter or digit at both ends")
	}
	return []action.Resource{awscall.Account(req)}, nil
}

func readRecording(ctx context.Context, cfg aws.Config, r action.Resource) (recording, error) {
	var now recording
	out, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return now, awscall.Fault(err, "cloudtrail:DescribeTrails", "list the trails of account %s in %s", r.Account, r.Region)
	}
	for _, found := range out.TrailList {
		t, err := parseTrail(aws.ToString(found.TrailARN))
		if err != nil {
			return now, err
		}
		switch {
		case !aws.ToBool(found.IsMultiRegionTrail):
			now.single = append(now.single, t.Name)
		case now.Trail == "" || t.ARN < now.Trail:
			t.Region = cmp.Or(aws.ToString(found.HomeRegion), t.Region)
			now.Trail, now.trail = t.ARN, t
		}
	}
	if now.Trail == "" || now.trail.Owner != r.Account {
		now.Logging = now.Trail != ""
		return now, nil
	}
	cfg = cfg.Copy()
	cfg.Region = now.trail.Region
	status, err := cloudtrail.NewFromConfig(cfg).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &now.Trail})
	if err != nil {
		return now, awscall.Fault(err, "cloudtrail:GetTrailStatus", "read the status of %s", now.Trail)
	}
	now.Logging = aws.ToBool(status.IsLogging)
	return now, nil
}

func wantRecording(r action.Resource, p createParams, now recording) (recording, string, error) {
	arn := "arn:" + awscall.Partition(r.Region) + ":cloudtrail:" + r.Region + ":" + r.Account + ":trail/" + p.name()
	want := recording{Trail: arn, Logging: true, create: p}
	switch {
	case now.Trail != "" && now.Logging:
		return now, "It has the trail " + now.Trail + " already.", nil
	case now.Trail == arn:
		return want, "Its trail does not log.", nil
	case now.Trail != "":
		return now, "", setting.Escalation("It has the trail " + now.Trail + ", which does not log: start that one, with cloudtrail.start-logging.")
	}
	for _, name := range now.single {
		if name == p.name() {
			return now, "", setting.Escalation("Its trail " + name + " records one region only: make that one record all, with cloudtrail.make-multi-region.")
		}
	}
	return want, "It has no trail of all regions, so nothing that happens there is kept longer than the event history's 90 days.", nil
}

func recordingSteps(_ action.Resource, from, to recording) ([]setting.Step[recording], error) {
	step := func(operation string, input any, leaves recording) setting.Step[recording] {
		return setting.Step[recording]{Operation: operation, Input: input, Leaves: leaves}
	}
	byName := map[string]any{"Name": cmp.Or(from.Trail, to.Trail)}
	switch {
	case to.Trail == "":
		return []setting.Step[recording]{step("DeleteTrail", byName, to)}, nil
	case from.Trail != "" && !to.Logging:
		return []setting.Step[recording]{step("StopLogging", byName, to)}, nil
	case from.Trail != "":
		return []setting.Step[recording]{step("StartLogging", byName, to)}, nil
	}
	p := to.create
	input := map[string]any{
		"Name": p.name(), "S3BucketName": p.Bucket, "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true, "EnableLogFileValidation": true,
	}
	if p.Prefix != "" {
		input["S3KeyPrefix"] = p.Prefix
	}
	if p.Key != "" {
		input["KmsKeyId"] = p.Key
	}
	return []setting.Step[recording]{step("CreateTrail", input, recording{Trail: to.Trail}), step("StartLogging", byName, to)}, nil
}

// NewCreate returns the action cloudtrail.create.
func NewCreate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[createParams, recording]{
		Spec: action.Spec{
			Name:  "cloudtrail.create",
			Title: "Create a trail of all regions",
			Description: "Creates a trail of all regions with digests, and starts it, where an account has none; the request's region becomes its home. It " +
				"delivers to a bucket that is there already and whose policy lets CloudTrail write; else CloudTrail refuses it. An account's " +
				"first copy of management events costs nothing but the storage. The undo deletes the trail, and leaves what it delivered.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["bucket"],
  "properties": {
    "bucket": {"type": "string", "minLength": 3, "maxLength": 63, "description": "name of the bucket that takes the log files"},
    "prefix": {"type": "string", "minLength": 1, "maxLength": 200, "description": "begin of the log files' keys"},
    "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$", "description": "name of the trail; riposte if absent"},
    "kms_key": {"type": "string", "minLength": 1, "description": "key that encrypts the log files; S3's own if absent"}
  }
}`),
			Permissions: []string{
				"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:CreateTrail", "cloudtrail:StartLogging",
				"cloudtrail:DeleteTrail", "cloudtrail:StopLogging",
			},
			Effect: action.StateChecked,
		},
		Find: findForTrail, Read: readRecording, Want: wantRecording, Steps: recordingSteps,
		Operations: map[string]setting.Operation{
			"CreateTrail":  setting.Op(cloudtrail.NewFromConfig, (*cloudtrail.Client).CreateTrail),
			"StartLogging": setting.Op(cloudtrail.NewFromConfig, (*cloudtrail.Client).StartLogging),
			"StopLogging":  setting.Op(cloudtrail.NewFromConfig, (*cloudtrail.Client).StopLogging),
			"DeleteTrail":  setting.Op(cloudtrail.NewFromConfig, (*cloudtrail.Client).DeleteTrail),
		},
	})
}
