package sandbox

import (
	"encoding/base64"
	"maps"
	"regexp"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// eksService answers for clusters, each of which has a Kubernetes API of its
// own over TLS: see kubernetes.go
// (https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html.
func eksService() *service {
	cluster := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: eksClusterResource, handle: handle}
	}
	entry := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: accessEntryResource, handle: handle}
	}
	create := cluster("CreateCluster", createEKSCluster)
	create.resources, create.also = nil, passes("roleArn")
	return &service{
		name: "eks", prefix: "eks",
		operations: []operation{
			create,
			{name: "ListClusters", handle: listEKSClusters},
			cluster("DescribeCluster", describeEKSCluster),
			cluster("DeleteCluster", deleteEKSCluster),
			cluster("CreateAccessEntry", createAccessEntry),
			entry("DescribeAccessEntry", describeAccessEntry),
			entry("DeleteAccessEntry", deleteAccessEntry),
			entry("AssociateAccessPolicy", associateAccessPolicy),
		},
	}
}

// eksClusters are those of an account in a region.
type eksClusters struct{ all []*eksCluster }

type eksCluster struct {
	name, arn, role, version string
	endpoint                 string // of its Kubernetes API
	ca                       []byte // PEM
	created                  time.Time
	tags                     map[string]string
	entries                  []*accessEntry
}

func newEKSClusters() *eksClusters { return &eksClusters{} }

func (s *eksClusters) clone() stater {
	out := newEKSClusters()
	for _, cluster := range s.all {
		c := *cluster
		c.tags, c.entries = maps.Clone(cluster.tags), nil
		for _, e := range cluster.entries {
			entry := *e
			entry.policies = slices.Clone(e.policies)
			c.entries = append(c.entries, &entry)
		}
		out.all = append(out.all, &c)
	}
	return out
}

func (c *call) eksClusters() *eksClusters {
	return stateOf(c, stateKey{"eks", c.account.id, c.region}, newEKSClusters)
}

// eksName is the cluster that the input names: some inputs say name, others clusterName.
func (c *call) eksName() string { return orElse(c.in.str("clusterName"), c.in.str("name")) }

func eksClusterResource(c *call) []string { return []string{c.arn("cluster/" + c.eksName())} }

func (s *eksClusters) named(name string) *eksCluster {
	return firstWhere(s.all, func(k *eksCluster) bool { return k.name == name })
}

func (c *call) eksCluster() (*eksCluster, error) {
	cluster := c.eksClusters().named(c.eksName())
	if cluster == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "No cluster found for name: %s.", c.eksName())
	}
	return cluster, nil
}

// defaultKubernetes is the version of a cluster that names none.
const defaultKubernetes = "1.33"

var eksRole = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/`)

// createEKSCluster starts a Kubernetes API, in which the creator may do
// everything. The cluster is there at once; AWS takes minutes.
func createEKSCluster(c *call) (wire.Object, error) {
	name := c.in.str("name")
	switch {
	case c.eksClusters().named(name) != nil:
		return nil, wire.Errorf("ResourceInUseException", "Cluster already exists with name: %s", name)
	case !eksRole.MatchString(c.in.str("roleArn")):
		return nil, wire.Errorf("InvalidParameterException", "roleArn is not the ARN of a role")
	case len(c.in.object("resourcesVpcConfig").strs("subnetIds")) < 2:
		return nil, wire.Errorf("InvalidParameterException", "Subnets specified must be in at least two different AZs")
	}
	k := &eksCluster{
		name: name, arn: c.arn("cluster/" + name), role: c.in.str("roleArn"), version: orElse(c.in.str("version"), defaultKubernetes),
		created: c.time.UTC(), tags: map[string]string{},
	}
	for key, value := range wire.Object(c.in.object("tags")) {
		k.tags[key], _ = value.(string)
	}
	k.entries = []*accessEntry{{
		principal: orElse(c.caller.issuerARN, c.caller.arn), username: orElse(c.caller.issuerARN, c.caller.arn), created: c.time.UTC(),
		arn: c.arn("access-entry/" + name + "/" + c.sb.newUUID()), policies: []accessPolicy{{arn: eksClusterAdmin}},
	}}
	var err error
	if k.endpoint, k.ca, err = c.sb.serveKubernetes(c.ctx, kubeCluster{account: c.account.id, region: c.region, name: name}); err != nil {
		return nil, err
	}
	s := c.eksClusters()
	s.all = append(s.all, k)
	out := k.describe()
	out["status"] = "CREATING"
	delete(out, "endpoint")
	delete(out, "certificateAuthority")
	return wire.Object{"cluster": out}, nil
}

func (k *eksCluster) describe() wire.Object {
	tags := wire.Object{}
	for key, value := range k.tags {
		tags[key] = value
	}
	return wire.Object{
		"name": k.name, "arn": k.arn, "createdAt": k.created, "version": k.version, "endpoint": k.endpoint, "roleArn": k.role, "status": "ACTIVE",
		"certificateAuthority": wire.Object{"data": base64.StdEncoding.EncodeToString(k.ca)}, "platformVersion": "eks.1", "tags": tags,
		"resourcesVpcConfig": wire.Object{"endpointPublicAccess": true, "endpointPrivateAccess": false},
	}
}

func describeEKSCluster(c *call) (wire.Object, error) {
	k, err := c.eksCluster()
	if err != nil {
		return nil, err
	}
	return wire.Object{"cluster": k.describe()}, nil
}

func listEKSClusters(c *call) (wire.Object, error) {
	names := make([]string, 0, len(c.eksClusters().all))
	for _, k := range c.eksClusters().all {
		names = append(names, k.name)
	}
	slices.Sort(names)
	page, next, err := paginate(c, names, c.in.str("nextToken"), c.in.number("maxResults", 100))
	if err != nil {
		return nil, wire.Errorf("InvalidParameterException", "invalid nextToken")
	}
	out := wire.Object{"clusters": strList(page)}
	put(out, "nextToken", next)
	return out, nil
}

func deleteEKSCluster(c *call) (wire.Object, error) {
	k, err := c.eksCluster()
	if err != nil {
		return nil, err
	}
	s := c.eksClusters()
	s.all = without(s.all, k)
	gone := kubeCluster{account: c.account.id, region: c.region, name: k.name}
	delete(liveState(c.sb, gone.stateKey(), newKubeStates).clusters, k.name)
	c.sb.stopKubernetes(gone)
	out := k.describe()
	out["status"] = "DELETING"
	return wire.Object{"cluster": out}, nil
}
