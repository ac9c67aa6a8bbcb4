package eks

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// Types of resources; CloudFormation has none for them.
const (
	podType  = "Kubernetes::Pod"
	nodeType = "Kubernetes::Node"
)

// metadata is what every object has.
type metadata struct {
	Name            string            `json:"name"`
	UID             string            `json:"uid"`
	ResourceVersion string            `json:"resourceVersion"`
	Labels          map[string]string `json:"labels"`
}

type pod struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		HostNetwork bool   `json:"hostNetwork"`
		NodeName    string `json:"nodeName"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

// objectName is that of a pod, node or namespace
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).
var objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

// podParams name a pod.
type podParams struct {
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	UID       string `json:"uid,omitempty"`
}

func (p podParams) check() error {
	var problems []string
	for _, field := range []struct {
		name, value string
		pattern     *regexp.Regexp
	}{{"cluster", p.Cluster, clusterName}, {"namespace", p.Namespace, objectName}, {"pod", p.Pod, objectName}} {
		if !field.pattern.MatchString(field.value) {
			problems = append(problems, fmt.Sprintf("%s %.100q is no name", field.name, field.value))
		}
	}
	if len(problems) > 0 {
		return fault.New(fault.Invalid, "wrong parameters: %s", strings.Join(problems, "; ")).
			WithHint(`give {"cluster": "prod", "namespace": "shop", "pod": "web-7d4b9c6f5-x2x8p"}`)
	}
	return nil
}

// resource is an object of a cluster. Objects have no ARN; riposte's is that of the cluster with the object's path, so that scopes
// can name clusters and namespaces. The tags are the cluster's.
func (o object) resource(kind string, req action.Request, tags map[string]string) action.Resource {
	arn := fmt.Sprintf("arn:%s:eks:%s:%s:cluster/%s", awscall.Partition(req.Region), req.Region, req.Account, o.Cluster)
	if o.Namespace != "" {
		arn += "/namespace/" + o.Namespace
	}
	arn += "/" + map[string]string{podType: "pod", nodeType: "node"}[kind] + "/" + o.Name
	return action.Resource{Type: kind, ARN: arn, Name: o.String(), Account: req.Account, Region: req.Region, Tags: tags}
}

// objectOf reads the resource's ARN back.
func objectOf(r action.Resource) object {
	parts := strings.Split(r.ARN, "/")
	if r.Type == podType && len(parts) == 6 {
		return object{Cluster: parts[1], Namespace: parts[3], Name: parts[5]}
	}
	return object{Cluster: parts[1], Name: parts[len(parts)-1]}
}

// with asks the cluster of a name.
func with(ctx context.Context, cfg aws.Config, name string, now func() time.Time, ask func(k *kubernetes, tags map[string]string) error) error {
	c, err := describe(ctx, cfg, name)
	if err != nil {
		return err
	}
	k, err := connect(ctx, cfg, c, now)
	if err != nil {
		return err
	}
	defer k.close()
	return ask(k, c.Tags)
}

// pod reads a pod; that of the uid where one is given.
func (k *kubernetes) pod(ctx context.Context, o object, uid string) (pod, error) {
	var p pod
	if err := k.do(ctx, "GetPod", o, nil, &p); err != nil {
		return p, awscall.Missing(err, fmt.Sprintf("there is no pod %s in the cluster %s", o, k.cluster),
			"it ended and is gone, or its namespace or name is misspelt")
	}
	if uid != "" && p.Metadata.UID != uid {
		return p, fault.New(fault.NotFound, "the pod %s of the cluster %s is another one now: its uid is %s", o, k.cluster, p.Metadata.UID).
			WithHint("the one that is meant was replaced; look whether this one does the same")
	}
	return p, nil
}

// operations are planned calls, made through the cluster's API.
func operations(now func() time.Time, names ...string) map[string]setting.Operation {
	out := map[string]setting.Operation{}
	for _, name := range names {
		out[name] = func(ctx context.Context, cfg aws.Config, call action.Call) error {
			o, err := awscall.Input[object](call)
			if err != nil {
				return err
			}
			return with(ctx, cfg, o.Cluster, now, func(k *kubernetes, _ map[string]string) error { return k.do(ctx, name, *o, nil, nil) })
		}
	}
	return out
}

// permission is IAM's for every call: within the cluster its own rules hold.
func permission(string) string { return "eks:DescribeCluster" }
