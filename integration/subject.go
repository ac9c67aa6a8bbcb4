package integration

import (
	"context"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// subjects are the resources that a call's parameters name. The guard is asked about each of them, so rather one too many than one
// too few.
type subjects struct{ found []action.Resource }

// maxSubjects bounds them; more is a call that nobody can look over.
const maxSubjects = 1000

// subjects finds what the call names: everything that is an ARN, ids of EC2's form, and the names that its service has for
// things. Where that is nothing, the call is about the account, and what it changes is not known.
func (c *call) subjects(ctx context.Context) error {
	c.walk(c.parameters)
	if err := c.named(ctx); err != nil {
		return err
	}
	if len(c.names.found) == 0 {
		c.names.found = append(c.names.found, action.Resource{Type: "AWS::::Account", Account: c.account, Region: c.region, Unknown: true,
			ARN: c.arn(c.r.operation.iam, c.region, c.account, "*"), Name: "what " + c.r.name + " changes in account " + c.account})
	}
	if len(c.names.found) > maxSubjects {
		return fault.New(fault.TooLarge, "%s names %d resources, over the limit of %d", c.r.name, len(c.names.found), maxSubjects)
	}
	return nil
}

func (c *call) arn(service, region, account, resource string) string {
	return strings.Join([]string{"arn", c.partition, service, region, account, resource}, ":")
}

// add takes a resource in, once.
func (c *call) add(text, name string) {
	a, err := arn.Parse(text)
	if err != nil || slices.ContainsFunc(c.names.found, func(r action.Resource) bool { return r.ARN == text }) {
		return
	}
	r := action.Resource{Type: "AWS::" + a.Service, ARN: text, Name: name, Account: a.AccountID, Region: a.Region}
	if r.Account == "" {
		r.Account = c.account
	}
	if r.Region == "" {
		r.Region = c.region
	}
	if name == "" {
		r.Name = a.Resource[strings.LastIndexAny(a.Resource, "/:")+1:]
	}
	c.names.found = append(c.names.found, r)
}

// walk finds ARNs and EC2's ids anywhere in the parameters. Text that is a document of its own, such as a policy or a message, is
// not looked into.
func (c *call) walk(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !slices.Contains(contents, name) {
				c.walk(v[name])
			}
		}
	case []any:
		for _, item := range v {
			c.walk(item)
		}
	case string:
		if strings.HasPrefix(v, "arn:") {
			c.add(strings.TrimSuffix(v, ":*"), "")
		} else if id := ec2ID.FindStringSubmatch(v); id != nil {
			c.add(c.arn("ec2", c.region, c.account, ec2Types[id[1]]+"/"+v), "")
		}
	}
}

// contents are parameters that are given to somebody: what they name is not what the call changes.
var contents = []string{"Payload", "Message", "MessageBody", "Body", "Entries", "Input", "Data", "Records", "MessageAttributes", "ClientContext"}

// ec2ID is an id of EC2 (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html).
var ec2ID = regexp.MustCompile(`^([a-z]+(?:-[a-z]+)*)-[0-9a-f]{8,17}$`)

// ec2Types are the types in ARNs by the beginnings of ids.
var ec2Types = map[string]string{
	"acl": "network-acl", "ami": "image", "cgw": "customer-gateway", "dopt": "dhcp-options", "eigw": "egress-only-internet-gateway",
	"eipalloc": "elastic-ip", "eipassoc": "elastic-ip-association", "eni": "network-interface", "fl": "vpc-flow-log", "fleet": "fleet", "i": "instance",
	"igw": "internet-gateway", "key": "key-pair", "lt": "launch-template", "nat": "natgateway", "pcx": "vpc-peering-connection", "pl": "prefix-list",
	"r": "reserved-instances", "rtb": "route-table", "sg": "security-group", "sgr": "security-group-rule", "sir": "spot-instances-request",
	"snap": "snapshot", "subnet": "subnet", "tgw": "transit-gateway", "vgw": "vpn-gateway", "vol": "volume", "vpc": "vpc", "vpce": "vpc-endpoint",
	"vpn": "vpn-connection",
}

// namedBy says of which parameters services make what ARNs: {} stands for the value.
var namedBy = map[string]map[string]string{
	"autoscaling": {"AutoScalingGroupName": "autoScalingGroup:*:autoScalingGroupName/{}"},
	"cloudtrail":  {"Name": "trail/{}", "TrailName": "trail/{}"},
	"logs":        {"LogGroupName": "log-group:{}", "LogGroupNames": "log-group:{}"},
	"ecs":         {"Cluster": "cluster/{}", "Service": "service/*/{}", "Task": "task/*/{}", "TaskDefinition": "task-definition/{}"},
	"ec2":         {"KeyName": "key-pair/{}", "LaunchTemplateName": "launch-template/{}"},
	"events":      {"Rule": "rule/{}", "EventBusName": "event-bus/{}"},
	"firehose":    {"DeliveryStreamName": "deliverystream/{}"},
	"kinesis":     {"StreamName": "stream/{}"},
	"lambda":      {"FunctionName": "function:{}", "LayerName": "layer:{}"},
	"ssm":         {"DocumentName": "document/{}"},
}

// named adds what the service names by other than ARNs.
func (c *call) named(ctx context.Context) error {
	service := c.r.operation.iam
	for _, parameter := range slices.Sorted(maps.Keys(namedBy[service])) {
		for _, value := range c.texts(parameter) {
			if value != "" && !strings.HasPrefix(value, "arn:") {
				c.add(c.arn(service, c.region, c.account, strings.ReplaceAll(namedBy[service][parameter], "{}", strings.TrimPrefix(value, "/"))), value)
			}
		}
	}
	switch service {
	case "s3":
		if bucket := c.text("Bucket"); bucket != "" && !strings.HasPrefix(bucket, "arn:") {
			c.add(c.arn("s3", "", "", bucket), strings.TrimSuffix(bucket+"/"+c.text("Key"), "/"))
		}
	case "events":
		c.eventBuses()
	case "sqs":
		if queue := queueARN(c, c.text("QueueUrl")); queue != "" {
			c.add(queue, "")
		}
	case "ssm":
		if len(c.targets()) > 0 { // whoever has the tag, or all
			c.names.found = append(c.names.found, action.Resource{Type: "AWS::ec2", Account: c.account, Region: c.region, Unknown: true,
				ARN: c.arn("ec2", c.region, c.account, "instance/*"), Name: "the targets of " + c.r.name})
		}
	case "iam":
		return c.principals(ctx)
	}
	return nil
}

// targets are those of a command that are chosen by something else than ids.
func (c *call) targets() []any {
	targets, _ := c.parameters["Targets"].([]any)
	return slices.DeleteFunc(slices.Clone(targets), func(t any) bool {
		target, _ := t.(map[string]any)
		key, _ := target["Key"].(string)
		return strings.EqualFold(key, "InstanceIds")
	})
}

// texts are the values of a parameter that is text or a list of texts.
func (c *call) texts(parameter string) []string {
	switch v := c.parameters[parameter].(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, item := range v {
			if text, ok := item.(string); ok {
				all = append(all, text)
			}
		}
		return all
	default:
		return nil
	}
}

// principals looks up users, roles and groups: an ARN has their path, which their name does not tell. One that is not there, or
// that may not be looked at, has an ARN that can't be told.
func (c *call) principals(ctx context.Context) error {
	cfg, err := c.config(ctx)
	if err != nil {
		return err
	}
	client := iam.NewFromConfig(cfg)
	for _, of := range []struct {
		parameter, kind string
		look            func(name *string) (*string, error)
	}{
		{"UserName", "user", func(name *string) (*string, error) {
			out, err := client.GetUser(ctx, &iam.GetUserInput{UserName: name})
			if err != nil {
				return nil, err
			}
			return out.User.Arn, nil
		}},
		{"RoleName", "role", func(name *string) (*string, error) {
			out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
			if err != nil {
				return nil, err
			}
			return out.Role.Arn, nil
		}},
		{"GroupName", "group", func(name *string) (*string, error) {
			out, err := client.GetGroup(ctx, &iam.GetGroupInput{GroupName: name})
			if err != nil {
				return nil, err
			}
			return out.Group.Arn, nil
		}},
		{"InstanceProfileName", "instance-profile", func(name *string) (*string, error) {
			out, err := client.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: name})
			if err != nil {
				return nil, err
			}
			return out.InstanceProfile.Arn, nil
		}},
	} {
		name := c.text(of.parameter)
		if name == "" {
			continue
		}
		found, err := of.look(&name)
		if ctx.Err() != nil {
			return c.r.errors.of(ctx, err)
		}
		if err != nil {
			c.names.found = append(c.names.found, action.Resource{Type: "AWS::iam", Account: c.account, Region: c.region, Unknown: true,
				ARN: c.arn("iam", "", c.account, of.kind+"/"+name), Name: name})
			continue
		}
		c.add(aws.ToString(found), name)
	}
	return nil
}

// queueRegion is the region in a queue's URL; otherwise where it has none, as an emulator's.
func queueRegion(queue, otherwise string) string {
	u, err := url.Parse(queue)
	if err != nil {
		return otherwise
	}
	if parts := strings.Split(u.Hostname(), "."); len(parts) > 2 && parts[0] == "sqs" {
		return parts[1]
	}
	return otherwise
}

// queueARN makes the ARN of a queue of its URL; "" where it is none.
func queueARN(c *call, queue string) string {
	u, err := url.Parse(queue)
	if err != nil {
		return ""
	}
	account, name, ok := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if !ok {
		return ""
	}
	return c.arn("sqs", queueRegion(queue, c.region), account, name)
}

// eventBuses are the buses that events:putEvents sends to.
func (c *call) eventBuses() {
	entries, _ := c.parameters["Entries"].([]any)
	for _, v := range entries {
		entry, _ := v.(map[string]any)
		bus, _ := entry["EventBusName"].(string)
		switch {
		case bus == "":
			bus = c.arn("events", c.region, c.account, "event-bus/default")
		case !strings.HasPrefix(bus, "arn:"):
			bus = c.arn("events", c.region, c.account, "event-bus/"+bus)
		}
		c.add(bus, "")
	}
}
