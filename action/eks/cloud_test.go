package eks_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"go.yaml.in/yaml/v3"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/eks"
)

const (
	cluster  = "prod"
	node     = "ip-10-0-1-5.eu-west-1.compute.internal"
	pods     = "/api/v1/namespaces/shop/pods"
	nodes    = "/api/v1/nodes"
	policies = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"
)

// cloud is a sandbox with a cluster, a node and a pod. Who is of the group riposte may do there what clusterrole.yaml says.
type cloud struct {
	*actiontest.Cloud
	admin aws.Config
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.admin = c.Admin(actiontest.Account, actiontest.Region)
	c.cluster(cluster)
	c.create("/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}`)
	c.create(nodes, `{"apiVersion":"v1","kind":"Node","metadata":{"name":"`+node+`"},"spec":{"providerID":"aws:///eu-west-1a/i-0123456789abcdef0"}}`)
	c.pod("web", "")
	for _, rbac := range clusterRole(t) {
		c.create("/apis/rbac.authorization.k8s.io/v1/"+strings.ToLower(kind(t, rbac))+"s", rbac)
	}
	return c
}

func (c cloud) cluster(name string) {
	c.T.Helper()
	_, err := sdk.NewFromConfig(c.admin).CreateCluster(c.T.Context(), &sdk.CreateClusterInput{
		Name: &name, RoleArn: aws.String("arn:aws:iam::111122223333:role/eks"), Tags: map[string]string{"team": "payments"},
		ResourcesVpcConfig: &types.VpcConfigRequest{SubnetIds: []string{"subnet-0a1b2c3d", "subnet-4e5f6a7b"}},
	})
	c.Must(err)
}

// clusterRole is what the reference tells people to apply, document by document, as JSON.
func clusterRole(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("clusterrole.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, document := range strings.Split(string(text), "---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(raw))
	}
	return out
}

func kind(t *testing.T, object string) string {
	t.Helper()
	var o struct{ Kind string }
	if err := json.Unmarshal([]byte(object), &o); err != nil {
		t.Fatal(err)
	}
	return o.Kind
}

func (c cloud) kubernetes(method, path, kind, body string) string {
	c.T.Helper()
	out, err := eks.Raw(c.T.Context(), c.admin, cluster, method, path, kind, body)
	c.Must(err)
	return out
}

func (c cloud) create(path, body string) {
	c.T.Helper()
	c.kubernetes("POST", path, "application/json", body)
}

func (c cloud) patch(path, body string) {
	c.T.Helper()
	c.kubernetes("PATCH", path, "application/merge-patch+json", body)
}

func (c cloud) remove(path string) {
	c.T.Helper()
	c.kubernetes("DELETE", path, "application/json", "")
}

// pod makes a pod with the label app, and more of its spec.
func (c cloud) pod(name, spec string) {
	c.T.Helper()
	c.create(pods, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"labels":{"app":%[1]q}},"spec":{"nodeName":%q,"containers":[{"name":"main","image":"shop/web:1"}]%s},"status":{"phase":"Running"}}`,
		name, node, spec))
}

// policy makes a network policy for the pods with a label app.
func (c cloud) policy(name, app, more string) {
	c.T.Helper()
	c.create(policies, fmt.Sprintf(`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":%q},"spec":{"podSelector":{"matchLabels":{"app":%q}},"policyTypes":["Ingress","Egress"]%s}}`, name, app, more))
}

func (c cloud) uid(path string) string {
	c.T.Helper()
	var o struct{ Metadata struct{ UID string } }
	c.Must(json.Unmarshal([]byte(c.kubernetes("GET", path, "", "")), &o))
	return o.Metadata.UID
}

// state is what an undo must restore: everything but the versions of objects.
func (c cloud) state() string {
	c.T.Helper()
	var out []string
	for _, path := range []string{pods, nodes, policies} {
		var list struct{ Items []map[string]any }
		c.Must(json.Unmarshal([]byte(c.kubernetes("GET", path, "", "")), &list))
		for _, o := range list.Items {
			delete(o["metadata"].(map[string]any), "resourceVersion")
		}
		raw, err := json.Marshal(list.Items)
		c.Must(err)
		out = append(out, string(raw))
	}
	return strings.Join(out, "\n")
}

// enter gives who is behind the configuration an access entry of the group riposte.
func (c cloud) enter(cfg aws.Config, groups ...string) {
	c.T.Helper()
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(c.T.Context(), nil)
	c.Must(err)
	_, err = sdk.NewFromConfig(c.admin).CreateAccessEntry(c.T.Context(), &sdk.CreateAccessEntryInput{
		ClusterName: aws.String(cluster), PrincipalArn: who.Arn, KubernetesGroups: groups,
	})
	c.Must(err)
}

// caller may do what the permissions say, and has an access entry.
func (c cloud) caller(permissions []string) *awscall.Caller {
	c.T.Helper()
	caller := c.Caller(permissions)
	cfg, err := caller.Config(c.T.Context(), actiontest.Account, actiontest.Region)
	c.Must(err)
	c.enter(cfg, "riposte")
	return caller
}

type newAction = func(*awscall.Caller, func() time.Time) action.Action

// do is the action with all that it needs.
func (c cloud) do(n newAction) action.Action {
	return n(c.caller([]string{"eks:DescribeCluster"}), time.Now)
}
