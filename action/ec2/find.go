package ec2

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// idPattern is that of the ids that begin with the prefix.
func idPattern(prefix string) *regexp.Regexp {
	return regexp.MustCompile(`^` + prefix + `-([0-9a-f]{8}|[0-9a-f]{17})$`)
}

// idSchema is a JSON Schema whose one parameter is an id.
func idSchema(name, prefix, of string) string {
	return fmt.Sprintf(`{"type": "object", "additionalProperties": false, "required": [%q],
  "properties": {%q: {"type": "string", "pattern": "^%s-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the %s"}}}`, name, name, prefix, of)
}

// checkID refuses what is no id of that kind.
func checkID(name, id, prefix string) error {
	if idPattern(prefix).MatchString(id) {
		return nil
	}
	return fault.New(fault.Invalid, "%s %.100q is no id (%s-…)", name, id, prefix).WithHint(`give {%q: "%s-0123456789abcdef0"}`, name, prefix)
}

// resource names something of the request's region.
func newResource(cloudFormation, kind, id, owner string, req action.Request, tags []types.Tag) action.Resource {
	r := action.Resource{
		Type: cloudFormation, ARN: fmt.Sprintf("arn:%s:ec2:%s:%s:%s/%s", awscall.Partition(req.Region), req.Region, owner, kind, id),
		Name: id, Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	for _, t := range tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return r
}

// leaveManaged leaves an instance that an AWS service manages, such as a node of EKS Auto Mode, to that service: EC2 refuses others,
// whatever they are allowed (https://docs.aws.amazon.com/whitepapers/latest/security-overview-amazon-eks-auto-mode/eks-auto-mode-data-plane.html).
func leaveManaged(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
	i, err := describeInstance(ctx, cfg, r.Name)
	return managed(i), err
}

// managed says why nobody but an AWS service changes the instance; "" where others may.
func managed(i types.Instance) string {
	if i.Operator == nil || !aws.ToBool(i.Operator.Managed) {
		return ""
	}
	return aws.ToString(i.Operator.Principal) + " manages it, and EC2 lets nobody else change it: have the service replace it. A node of EKS Auto Mode can be " +
		"cordoned, and its pods isolated (eks.cordon-node, eks.isolate-pod)."
}

// leaveShared leaves what another account shares with this one to its owner, who alone may change it
// (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html).
func leaveShared(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
	parts := strings.Split(r.ARN, ":")
	if len(parts) < 6 || parts[4] == r.Account {
		return "", nil
	}
	return fmt.Sprintf("Account %s owns it and shares it with account %s, which may not change it: change it there.", parts[4], r.Account), nil
}

// noParameters is the schema of what is set for a whole region.
const noParameters = `{"type": "object", "additionalProperties": false, "properties": {}}`

// findRegion returns the request's account in its region.
func findRegion(_ context.Context, _ aws.Config, req action.Request, _ struct{}) ([]action.Resource, error) {
	return []action.Resource{{
		Type: "AWS::::Account", ARN: "arn:" + awscall.Partition(req.Region) + ":iam::" + req.Account + ":root",
		Name: "account " + req.Account + " in " + req.Region, Account: req.Account, Region: req.Region,
	}}, nil
}

// instanceParams name an instance.
type instanceParams struct {
	Instance string `json:"instance_id"`
}

func findInstance(ctx context.Context, cfg aws.Config, req action.Request, p instanceParams) ([]action.Resource, error) {
	if err := checkID("instance_id", p.Instance, "i"); err != nil {
		return nil, err
	}
	i, err := describeInstance(ctx, cfg, p.Instance)
	if err != nil {
		return nil, err
	}
	return []action.Resource{newResource("AWS::EC2::Instance", "instance", p.Instance, req.Account, req, i.Tags)}, nil
}

func describeInstance(ctx context.Context, cfg aws.Config, id string) (types.Instance, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil || len(out.Reservations) == 0 || len(out.Reservations[0].Instances) == 0 {
		return types.Instance{}, missing(err, "ec2:DescribeInstances", "instance", id)
	}
	return out.Reservations[0].Instances[0], nil
}

// missing words an error of looking at something by its id; nil where AWS answered without it.
func missing(err error, permission, kind, id string) error {
	if err == nil {
		err = fault.New(fault.NotFound, "AWS shows no %s %s", kind, id)
	}
	var api smithy.APIError
	if errors.As(err, &api) && strings.HasSuffix(api.ErrorCode(), ".Malformed") {
		return fault.New(fault.Invalid, "%s is no id of an %s: %w", id, kind, err).WithHint("copy it from the console or from the event")
	}
	return awscall.Missing(awscall.Fault(err, permission, "look at the %s %s", kind, id), "there is no "+kind+" "+id,
		"it is gone, or in another region")
}
