package local

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collect picks up the files that the command was to leave in its folder.
func collect(dir string, settings Settings, result *Result) error {
	if settings.AssetPaths != nil {
		assets, err := match(dir, *settings.AssetPaths)
		if err != nil {
			return fmt.Errorf("assetPaths: %w", err)
		}
		result.Assets = &assets
	}
	if settings.ArchivePaths != nil {
		assets, err := match(dir, *settings.ArchivePaths)
		if err != nil {
			return fmt.Errorf("archivePaths: %w", err)
		}
		content := make(map[string]any, len(assets))
		for name, found := range assets {
			content[name] = found.Asset
		}
		if result.Archive, err = resource.NewAssetArchive(content); err != nil {
			return fmt.Errorf("archivePaths: %w", err)
		}
	}
	return nil
}

// match applies the patterns in their order; one with a leading ! takes away
// what earlier ones found.
func match(dir string, patterns []string) (map[string]*types.AssetOrArchive, error) {
	type rule struct {
		glob.Glob
		exclude bool
	}
	var rules []rule
	for _, pattern := range patterns {
		bare, exclude := strings.CutPrefix(pattern, "!")
		compiled, err := glob.Compile(bare, '/')
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		rules = append(rules, rule{compiled, exclude})
	}
	found := map[string]*types.AssetOrArchive{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		wanted := false
		for _, rule := range rules {
			if rule.Match(name) {
				wanted = !rule.exclude
			}
		}
		if !wanted {
			return nil
		}
		asset, err := resource.NewPathAsset(path.Join(dir, name))
		if err != nil {
			return err
		}
		found[name] = &types.AssetOrArchive{Asset: asset}
		return nil
	})
	return found, err
}
