package sandbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// ecrService answers for repositories of container images, which hold none
// (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html.
func ecrService() *service {
	op := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: repositoriesOfInput, resourcePolicy: repositoryPolicy, handle: handle}
	}
	return &service{
		name: "ecr", prefix: "ecr",
		operations: []operation{
			op("CreateRepository", createRepository),
			op("DescribeRepositories", describeRepositories),
			op("DeleteRepository", deleteRepository),
			op("ListTagsForResource", listRepositoryTags),
			op("PutImageScanningConfiguration", putImageScanning),
			op("BatchGetRepositoryScanningConfiguration", getRepositoryScanning),
			{name: "GetRegistryScanningConfiguration", handle: getRegistryScanning},
			{name: "PutRegistryScanningConfiguration", handle: putRegistryScanning},
			op("PutImageTagMutability", putImageTagMutability),
			op("SetRepositoryPolicy", setRepositoryPolicy),
			op("GetRepositoryPolicy", getRepositoryPolicy),
			op("DeleteRepositoryPolicy", deleteRepositoryPolicy),
		},
	}
}

// registry is that of an account in a region.
type registry struct {
	repositories []*repository
	scanType     string  // BASIC or ENHANCED
	rules        []input // of scanning
}

type repository struct {
	name, mutability, policy string
	scanOnPush               bool
	created                  time.Time
	tags                     map[string]string
}

func newRegistry() *registry { return &registry{scanType: "BASIC"} }

func (s *registry) clone() stater {
	out := &registry{scanType: s.scanType, rules: s.rules}
	for _, r := range s.repositories {
		c := *r
		c.tags = maps.Clone(r.tags)
		out.repositories = append(out.repositories, &c)
	}
	return out
}

func (c *call) registry() *registry {
	return stateOf(c, stateKey{"ecr", c.account.id, c.region}, newRegistry)
}

// repositoryNames are those that the input names.
func (c *call) repositoryNames() []string {
	if _, _, name, ok := cutARN(c.in.str("resourceArn"), "ecr", "repository/"); ok {
		return []string{name}
	}
	if name := c.in.str("repositoryName"); name != "" {
		return []string{name}
	}
	return c.in.strs("repositoryNames")
}

func repositoriesOfInput(c *call) []string {
	var out []string
	for _, name := range c.repositoryNames() {
		out = append(out, c.arn("repository/"+name))
	}
	if len(out) == 0 {
		out = []string{c.arn("repository/*")}
	}
	return out
}

func repositoryPolicy(c *call) (*policy.Document, string) {
	r, err := c.repository()
	if err != nil || r.policy == "" {
		return nil, ""
	}
	doc, err := policy.Parse([]byte(r.policy))
	if err != nil {
		return nil, ""
	}
	return doc, c.account.id
}

// repository is the one that the input names, or the first of them.
func (c *call) repository() (*repository, error) {
	names := append(c.repositoryNames(), "")
	return c.repositoryNamed(names[0])
}

func (c *call) repositoryNamed(name string) (*repository, error) {
	of := orElse(c.in.str("registryId"), c.account.id)
	r := firstWhere(c.registry().repositories, func(r *repository) bool { return r.name == name && of == c.account.id })
	if r == nil {
		return nil, wire.Errorf("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", name, of)
	}
	return r, nil
}

func createRepository(c *call) (wire.Object, error) {
	name := c.in.str("repositoryName")
	if r, _ := c.repository(); r != nil {
		return nil, wire.Errorf("RepositoryAlreadyExistsException", "The repository with name '%s' already exists in the registry with id '%s'", name, c.account.id)
	}
	r := &repository{
		name: name, mutability: orElse(c.in.str("imageTagMutability"), "MUTABLE"), created: c.time.UTC(), tags: map[string]string{},
		scanOnPush: c.in.object("imageScanningConfiguration").flag("scanOnPush", false),
	}
	for _, t := range c.in.objects("tags") {
		r.tags[t.str("Key")] = t.str("Value")
	}
	s := c.registry()
	s.repositories = append(s.repositories, r)
	c.touch("AWS::ECR::Repository", c.account.id, c.arn("repository/"+name))
	return wire.Object{"repository": r.describe(c)}, nil
}

func (r *repository) describe(c *call) wire.Object {
	return wire.Object{
		"repositoryArn": c.arn("repository/" + r.name), "registryId": c.account.id, "repositoryName": r.name, "createdAt": r.created,
		"repositoryUri": c.account.id + ".dkr.ecr." + c.region + ".amazonaws.com/" + r.name, "imageTagMutability": r.mutability,
		"imageScanningConfiguration": wire.Object{"scanOnPush": r.scanOnPush}, "encryptionConfiguration": wire.Object{"encryptionType": "AES256"},
	}
}

func describeRepositories(c *call) (wire.Object, error) {
	all := c.registry().repositories
	if names := c.repositoryNames(); len(names) > 0 {
		all = nil
		for _, name := range names {
			r, err := c.repositoryNamed(name)
			if err != nil {
				return nil, err
			}
			all = append(all, r)
		}
	}
	page, next, err := paginate(c, all, c.in.str("nextToken"), c.in.number("maxResults", 100))
	if err != nil {
		return nil, wire.Errorf("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token provided'")
	}
	out := wire.Object{"repositories": list(page, func(r *repository) any { return r.describe(c) })}
	put(out, "nextToken", next)
	return out, nil
}

func deleteRepository(c *call) (wire.Object, error) {
	r, err := c.repository()
	if err != nil {
		return nil, err
	}
	s := c.registry()
	s.repositories = without(s.repositories, r)
	return wire.Object{"repository": r.describe(c)}, nil
}

func listRepositoryTags(c *call) (wire.Object, error) {
	r, err := c.repository()
	if err != nil {
		return nil, err
	}
	return wire.Object{"tags": tagList(r.tags)}, nil
}

func putImageTagMutability(c *call) (wire.Object, error) {
	r, err := c.repository()
	if err != nil {
		return nil, err
	}
	r.mutability = c.in.str("imageTagMutability")
	c.touch("AWS::ECR::Repository", c.account.id, c.arn("repository/"+r.name))
	return wire.Object{"registryId": c.account.id, "repositoryName": r.name, "imageTagMutability": r.mutability}, nil
}

// setRepositoryPolicy keeps the policy laid out in lines, as ECR does.
func setRepositoryPolicy(c *call) (wire.Object, error) {
	r, err := c.repository()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	raw := []byte(c.in.str("policyText"))
	if _, err := policy.Parse(raw); err != nil || json.Indent(&text, raw, "", "  ") != nil {
		return nil, wire.Errorf("InvalidParameterException", "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'")
	}
	r.policy = strings.TrimSpace(text.String())
	c.touch("AWS::ECR::Repository", c.account.id, c.arn("repository/"+r.name))
	return c.showRepositoryPolicy(r), nil
}

func (c *call) showRepositoryPolicy(r *repository) wire.Object {
	return wire.Object{"registryId": c.account.id, "repositoryName": r.name, "policyText": r.policy}
}

// attachedPolicy is the repository, if it has a policy.
func (c *call) attachedPolicy() (*repository, error) {
	r, err := c.repository()
	if err == nil && r.policy == "" {
		err = wire.Errorf("RepositoryPolicyNotFoundException", "Repository policy does not exist for the repository with name '%s' in the registry with id '%s'", r.name, c.account.id)
	}
	return r, err
}

func getRepositoryPolicy(c *call) (wire.Object, error) {
	r, err := c.attachedPolicy()
	if err != nil {
		return nil, err
	}
	return c.showRepositoryPolicy(r), nil
}

func deleteRepositoryPolicy(c *call) (wire.Object, error) {
	r, err := c.attachedPolicy()
	if err != nil {
		return nil, err
	}
	out := c.showRepositoryPolicy(r)
	r.policy = ""
	c.touch("AWS::ECR::Repository", c.account.id, c.arn("repository/"+r.name))
	return out, nil
}
