// Package elb has the actions on Elastic Load Balancing's application, network and gateway load balancers.
//
// Start at [NewEnableAccessLogs]; what all share is in balancer.go. [NewRedirectHTTP] is about listeners (listener.go).
package elb

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// balancerARN is that of a load balancer: its type, name and id are at the end.
var balancerARN = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/(app|net|gwy)/[A-Za-z0-9-]+/[0-9a-f]+$`)

// balancerSchema describes the parameter that names a load balancer.
const balancerSchema = `"load_balancer_arn": {"type": "string", "pattern": "^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/(app|net|gwy)/[A-Za-z0-9-]+/[0-9a-f]+$", "description": "ARN of the load balancer"}`

// attributes are those of a load balancer that matter, by their names
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html).
type attributes struct {
	Attributes map[string]string `json:"attributes"`
}

func permissions() []string {
	return []string{
		"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeLoadBalancerAttributes",
		"elasticloadbalancing:ModifyLoadBalancerAttributes",
	}
}

// find returns the load balancer, which has to be of one of the types: app, net, gwy.
func find(ctx context.Context, cfg aws.Config, req action.Request, arn string, kinds ...string) ([]action.Resource, error) {
	parts := balancerARN.FindStringSubmatch(arn)
	of := strings.Split(arn, ":")
	if parts == nil || of[3] != req.Region || of[4] != req.Account {
		return nil, fault.New(fault.Invalid, "load_balancer_arn %.200q is no ARN of a load balancer of account %s in %s", arn, req.Account, req.Region).
			WithHint("aws elbv2 describe-load-balancers shows them; classic load balancers have none")
	}
	if !slices.Contains(kinds, parts[1]) {
		return nil, fault.New(fault.Invalid, "%s is a load balancer of another type, for which this can't be done", arn).
			WithHint("give one of the type %s", strings.Join(kinds, " or "))
	}
	if _, err := elb.NewFromConfig(cfg).DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{arn}}); err != nil {
		return nil, gone(err, "elasticloadbalancing:DescribeLoadBalancers", arn)
	}
	tags, err := tagsOf(ctx, cfg, arn)
	if err != nil {
		return nil, err
	}
	return []action.Resource{{
		Type: "AWS::ElasticLoadBalancingV2::LoadBalancer", ARN: arn, Name: strings.Split(arn, "/")[2], Account: req.Account, Region: req.Region, Tags: tags,
	}}, nil
}

// tagsOf are the tags of load balancers and listeners, the last one's before those of the others.
func tagsOf(ctx context.Context, cfg aws.Config, arns ...string) (map[string]string, error) {
	out, err := elb.NewFromConfig(cfg).DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: arns})
	if err != nil {
		return nil, gone(err, "elasticloadbalancing:DescribeTags", arns[len(arns)-1])
	}
	tags := map[string]string{}
	for _, arn := range arns {
		for _, d := range out.TagDescriptions {
			if aws.ToString(d.ResourceArn) != arn {
				continue
			}
			for _, t := range d.Tags {
				tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
		}
	}
	return tags, nil
}

func gone(err error, permission, arn string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the load balancer %s", arn), "there is no load balancer "+arn, "it is gone, or in another region")
}

// clusterOf is the cluster of Kubernetes whose controller keeps a load balancer: AWS's, or that of EKS Auto Mode.
func clusterOf(r action.Resource) string {
	return cmp.Or(r.Tags["elbv2.k8s.aws/cluster"], r.Tags["eks:eks-cluster-name"])
}

// leave leaves what a controller of Kubernetes keeps as its manifest says.
func leave(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
	if cluster := clusterOf(r); cluster != "" {
		return "The controller of the cluster " + cluster + " keeps its attributes: set them in the annotations of its Ingress or Service.", nil
	}
	return "", nil
}

// read returns how the named attributes are read.
func read(names ...string) func(context.Context, aws.Config, action.Resource) (attributes, error) {
	return func(ctx context.Context, cfg aws.Config, r action.Resource) (attributes, error) {
		out, err := elb.NewFromConfig(cfg).DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &r.ARN})
		if err != nil {
			return attributes{}, gone(err, "elasticloadbalancing:DescribeLoadBalancerAttributes", r.ARN)
		}
		now := attributes{map[string]string{}}
		for _, a := range out.Attributes {
			if key := aws.ToString(a.Key); slices.Contains(names, key) {
				now.Attributes[key] = aws.ToString(a.Value)
			}
		}
		return now, nil
	}
}

// steps set what is to change in one call.
func steps(r action.Resource, from, to attributes) ([]setting.Step[attributes], error) {
	changed := []map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(to.Attributes)) {
		if value, there := from.Attributes[key]; !there || value != to.Attributes[key] {
			changed = append(changed, map[string]string{"Key": key, "Value": to.Attributes[key]})
		}
	}
	input := map[string]any{"LoadBalancerArn": r.ARN, "Attributes": changed}
	return []setting.Step[attributes]{{Operation: "ModifyLoadBalancerAttributes", Input: input, Leaves: to}}, nil
}

var operations = map[string]setting.Operation{
	"ModifyLoadBalancerAttributes": setting.Op(elb.NewFromConfig, (*elb.Client).ModifyLoadBalancerAttributes),
}
