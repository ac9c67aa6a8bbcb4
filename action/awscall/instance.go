package awscall

import (
	"context"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"riposte.dev/action"
	"riposte.dev/fault"
)

var instanceID = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)

// InstanceSchema is the property of a JSON Schema that names an instance.
const InstanceSchema = `"instance_id": {"type": "string", "pattern": "^i-([0-9a-f]{8}|[0-9a-f]{17})$", "description": "id of the instance"}`

// Instance is an instance of the request's region, whole, with its tags, for actions of services other than EC2. It needs
// ec2:DescribeInstances.
func Instance(ctx context.Context, cfg aws.Config, req action.Request, id string) (action.Resource, error) {
	if !instanceID.MatchString(id) {
		return action.Resource{}, fault.New(fault.Invalid, "instance_id %.30q is no id of an instance", id).
			WithHint(`give {"instance_id": "i-0123456789abcdef0"}`)
	}
	out, err := ec2.NewFromConfig(cfg).DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err == nil && (len(out.Reservations) == 0 || len(out.Reservations[0].Instances) == 0) {
		err = fault.New(fault.NotFound, "EC2 shows no instance %s", id)
	}
	if err != nil {
		return action.Resource{}, Missing(Fault(err, "ec2:DescribeInstances", "look at the instance %s", id),
			"there is no instance "+id, "it was terminated, or it is in another region")
	}
	r := action.Resource{
		Type: "AWS::EC2::Instance", ARN: "arn:" + Partition(req.Region) + ":ec2:" + req.Region + ":" + req.Account + ":instance/" + id,
		Name: id, Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	for _, t := range out.Reservations[0].Instances[0].Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return r, nil
}
