package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"riposte.dev/sandbox"
)

const (
	eksRegion   = "eu-west-1"
	eksPolicies = "arn:aws:eks::aws:cluster-access-policy/"
)

// kube is the Kubernetes API of a cluster, as somebody with a token sees it.
type kube struct {
	t               *testing.T
	client          *http.Client
	endpoint, token string
}

// makeCluster makes a cluster, and returns its API as root sees it.
func (w *world) makeCluster(t *testing.T, name string) kube {
	t.Helper()
	_, err := w.eks(w.root).CreateCluster(t.Context(), &eks.CreateClusterInput{
		Name: &name, RoleArn: aws.String("arn:aws:iam::111122223333:role/eks"), Tags: map[string]string{"team": "payments"},
		ResourcesVpcConfig: &types.VpcConfigRequest{SubnetIds: []string{"subnet-0a1b2c3d", "subnet-4e5f6a7b"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w.kube(t, name, w.eksToken(name, w.root))
}

// eksToken signs the request to STS that a token is.
func (w *world) eksToken(cluster string, keys sandbox.Keys) string {
	w.t.Helper()
	signed, err := sts.NewPresignClient(sts.NewFromConfig(w.config(keys, eksRegion))).PresignGetCallerIdentity(w.t.Context(), nil, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster), smithyhttp.SetHeaderValue("X-Amz-Expires", "60"))
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(signed.URL))
}

func (w *world) kube(t *testing.T, cluster, token string) kube {
	t.Helper()
	out, err := w.eks(w.root).DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: &cluster})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := base64.StdEncoding.DecodeString(*out.Cluster.CertificateAuthority.Data)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(ca) {
		t.Fatalf("the authority %s: %v", ca, err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return kube{t, &http.Client{Transport: transport, Timeout: 20 * time.Second}, *out.Cluster.Endpoint, token}
}

func (w *world) eks(keys sandbox.Keys) *eks.Client {
	return eks.NewFromConfig(w.config(keys, eksRegion))
}

// ask makes a request, and returns the status, the object and the id in the audit log.
func (k kube) ask(method, path, kind, body string) (status int, object map[string]any, audit string) {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.t.Context(), method, k.endpoint+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+k.token)
	req.Header.Set("Content-Type", kind)
	answer, err := k.client.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil || json.Unmarshal(raw, &object) != nil {
		k.t.Fatalf("%v: %s", err, raw)
	}
	return answer.StatusCode, object, answer.Header.Get("Audit-Id")
}

// want makes a request that is to be answered with the status and, if refused, the reason.
func (k kube) want(status int, reason, method, path, body string) map[string]any {
	k.t.Helper()
	kind := "application/json"
	if method == http.MethodPatch {
		kind = "application/merge-patch+json"
	}
	got, object, audit := k.ask(method, path, kind, body)
	if got != status || audit == "" || reason != "" && object["reason"] != reason {
		k.t.Errorf("%s %s: %d %v, audit id %q; want %d %s", method, path, got, object, audit, status, reason)
	}
	return object
}

const (
	somePods     = "/api/v1/namespaces/default/pods"
	somePolicies = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
	somePod      = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"containers":[{"name":"main"}]}}`
	someNode     = `{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1"}}`
)

func metadataOf(object map[string]any) map[string]any {
	m, _ := object["metadata"].(map[string]any)
	return m
}

func TestKubernetesObjects(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	k := w.makeCluster(t, "prod")
	made := metadataOf(k.want(201, "", "POST", somePods, somePod))
	if made["uid"] == nil || made["resourceVersion"] == nil || made["namespace"] != "default" {
		t.Errorf("made %v, want a uid, a version and the namespace", made)
	}
	k.want(409, "AlreadyExists", "POST", somePods, somePod)
	k.want(400, "BadRequest", "POST", somePods, someNode)
	k.want(422, "Invalid", "POST", somePods, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"Web"}}`)
	k.want(404, "NotFound", "POST", "/api/v1/namespaces/none/pods", somePod)
	k.want(404, "NotFound", "GET", somePods+"/none", "")
	k.want(404, "NotFound", "GET", "/api/v1/services", "")
	k.want(405, "MethodNotAllowed", "PUT", somePods+"/web", somePod)

	patched := metadataOf(k.want(200, "", "PATCH", somePods+"/web", `{"metadata":{"labels":{"more":"1","app":null}}}`))
	if labels, _ := json.Marshal(patched["labels"]); string(labels) != `{"more":"1"}` || patched["resourceVersion"] == made["resourceVersion"] {
		t.Errorf("patched %v", patched)
	}
	k.want(409, "Conflict", "PATCH", somePods+"/web", `{"metadata":{"resourceVersion":"`+made["resourceVersion"].(string)+`"}}`)
	k.want(200, "", "PATCH", somePods+"/web", `{"metadata":{"uid":"`+made["uid"].(string)+`","labels":{"more":null}}}`)
	k.want(422, "Invalid", "PATCH", somePods+"/web", `{"metadata":{"uid":"another"}}`)
	if status, object, _ := k.ask("PATCH", somePods+"/web", "application/json", `{}`); status != 415 {
		t.Errorf("a patch of another kind: %d %v", status, object)
	}
	if left := metadataOf(k.want(200, "", "GET", somePods+"/web", "")); left["labels"] != nil {
		t.Errorf("%v, want no labels left", left)
	}

	k.want(409, "Conflict", "DELETE", somePods+"/web", `{"preconditions":{"uid":"another"}}`)
	k.want(200, "", "DELETE", somePods+"/web", `{"preconditions":{"uid":"`+made["uid"].(string)+`"}}`)
	k.want(404, "NotFound", "DELETE", somePods+"/web", "")
}

func TestKubernetesLists(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	k := w.makeCluster(t, "prod")
	for _, name := range []string{"c", "a", "b"} {
		k.want(201, "", "POST", somePolicies, `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"`+name+`"},"spec":{"podSelector":{}}}`)
	}
	var names []string
	for next := ""; ; {
		page := k.want(200, "", "GET", somePolicies+"?limit=2&continue="+next, "")
		for _, item := range page["items"].([]any) {
			names = append(names, metadataOf(item.(map[string]any))["name"].(string))
		}
		if next, _ = metadataOf(page)["continue"].(string); next == "" {
			break
		}
	}
	if got := strings.Join(names, ""); got != "abc" {
		t.Errorf("listed %s, want abc", got)
	}
	k.want(400, "BadRequest", "GET", somePolicies+"?labelSelector=a", "")
}

func TestWhoMayDoWhatInACluster(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	admin := w.makeCluster(t, "prod")
	admin.want(201, "", "POST", somePods, somePod)
	admin.want(201, "", "POST", "/api/v1/nodes", someNode)
	somebody := w.kube(t, "prod", w.eksToken("prod", w.user("somebody")))
	somebody.want(401, "Unauthorized", "GET", somePods, "")

	arn := "arn:aws:iam::111122223333:user/somebody"
	_, err := w.eks(w.root).CreateAccessEntry(t.Context(), &eks.CreateAccessEntryInput{
		ClusterName: aws.String("prod"), PrincipalArn: &arn, KubernetesGroups: []string{"cordoners"},
	})
	if err != nil {
		t.Fatal(err)
	}
	refused := somebody.want(403, "Forbidden", "GET", somePods+"/web", "")
	if want := `pods "web" is forbidden: User "` + arn + `" cannot get resource "pods" in API group "" in the namespace "default"`; refused["message"] != want {
		t.Errorf("%v, want %s", refused["message"], want)
	}

	_, err = w.eks(w.root).AssociateAccessPolicy(t.Context(), &eks.AssociateAccessPolicyInput{
		ClusterName: aws.String("prod"), PrincipalArn: &arn, PolicyArn: aws.String(eksPolicies + "AmazonEKSViewPolicy"),
		AccessScope: &types.AccessScope{Type: types.AccessScopeTypeNamespace, Namespaces: []string{"default"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	somebody.want(200, "", "GET", somePods+"/web", "")
	somebody.want(403, "Forbidden", "GET", "/api/v1/namespaces/kube-system/pods", "")
	somebody.want(403, "Forbidden", "DELETE", somePods+"/web", "")

	const rbac = "/apis/rbac.authorization.k8s.io/v1/"
	cordon := `{"spec":{"unschedulable":true}}`
	somebody.want(403, "Forbidden", "PATCH", "/api/v1/nodes/node-1", cordon)
	admin.want(201, "", "POST", rbac+"clusterroles", `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"cordon"},
		"rules":[{"apiGroups":[""],"resources":["nodes"],"verbs":["patch"],"resourceNames":["node-1"]}]}`)
	admin.want(201, "", "POST", rbac+"clusterrolebindings", `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"cordon"},
		"subjects":[{"kind":"Group","name":"cordoners"}],"roleRef":{"kind":"ClusterRole","name":"cordon"}}`)
	somebody.want(200, "", "PATCH", "/api/v1/nodes/node-1", cordon)
	somebody.want(403, "Forbidden", "PATCH", "/api/v1/nodes/node-2", cordon)

	if _, err := w.eks(w.root).DeleteAccessEntry(t.Context(), &eks.DeleteAccessEntryInput{ClusterName: aws.String("prod"), PrincipalArn: &arn}); err != nil {
		t.Fatal(err)
	}
	somebody.want(401, "Unauthorized", "GET", somePods, "")
}

func TestTokensOfClusters(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	k := w.makeCluster(t, "prod")
	token := k.token
	w.makeCluster(t, "test")
	for name, token := range map[string]string{
		"none": "", "no token": "abc", "another cluster's": w.eksToken("test", w.root), "cut off": token[:len(token)-4],
		"another secret's": w.eksToken("prod", sandbox.Keys{AccessKeyID: w.root.AccessKeyID, SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}),
		"another call's":   "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte("https://sts.amazonaws.com/?Action=GetSessionToken&Version=2011-06-15")),
	} {
		k.token = token
		if status, _, _ := k.ask("GET", somePods, "", ""); status != 401 {
			t.Errorf("a token that is %s: %d, want 401", name, status)
		}
	}
	var debian struct{ Status struct{ Token string } }
	out := w.cli(eksRegion, "eks", "get-token", "--cluster-name", "prod", "--output", "json")
	if err := json.Unmarshal([]byte(out), &debian); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	k.token = debian.Status.Token
	k.want(200, "", "GET", somePods, "")
	asked := w.Calls(sandbox.Match{Service: "sts", Operation: "GetCallerIdentity"})
	if last := asked[len(asked)-1]; last.UserAgent != "Go-http-client/1.1" || last.Principal != "arn:aws:iam::111122223333:root" {
		t.Errorf("%+v, want EKS to ask STS as who comes", last)
	}
}

func TestClusters(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	k := w.makeCluster(t, "prod")
	if text, err := w.tryCLI(eksRegion, "eks", "create-cluster", "--name", "prod", "--role-arn", "arn:aws:iam::111122223333:role/eks",
		"--resources-vpc-config", "subnetIds=subnet-0a1b2c3d,subnet-4e5f6a7b"); err == nil || !strings.Contains(text, "(ResourceInUseException)") {
		t.Errorf("%v: %s", err, text)
	}
	client := w.eks(w.root)
	var missing *types.ResourceNotFoundException
	if _, err := client.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("none")}); !errors.As(err, &missing) {
		t.Errorf("a missing cluster: %v", err)
	}
	w.makeCluster(t, "another")
	first, err := client.ListClusters(t.Context(), &eks.ListClustersInput{MaxResults: aws.Int32(1)})
	if err != nil || len(first.Clusters) != 1 || first.Clusters[0] != "another" || first.NextToken == nil {
		t.Fatalf("the first page is %+v, %v", first, err)
	}
	second, err := client.ListClusters(t.Context(), &eks.ListClustersInput{MaxResults: aws.Int32(1), NextToken: first.NextToken})
	if err != nil || len(second.Clusters) != 1 || second.Clusters[0] != "prod" || second.NextToken != nil {
		t.Errorf("the second page is %+v, %v", second, err)
	}
	if got := w.cli(eksRegion, "eks", "describe-cluster", "--name", "prod", "--query", "cluster.[status,tags.team]", "--output", "text"); strings.Join(strings.Fields(got), " ") != "ACTIVE payments" {
		t.Errorf("described as %s", got)
	}
	if _, err := client.DeleteCluster(t.Context(), &eks.DeleteClusterInput{Name: aws.String("prod")}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.client.Get(k.endpoint + somePods); err == nil {
		t.Error("the API of a deleted cluster answers")
	}
	created := w.delivered(1)[0]["detail"].(map[string]any)
	parameters, _ := created["requestParameters"].(map[string]any)
	if created["eventSource"] != "eks.amazonaws.com" || created["eventName"] != "CreateCluster" || parameters["name"] != "prod" {
		t.Errorf("recorded %v", created)
	}
}
