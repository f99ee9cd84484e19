import { Component, lazy, Suspense, type ReactNode } from 'react';
import { Frame } from './frame/frame';
import { SearchPage } from './search/search-page';
import { Failure } from './ui/bits';
import { Link } from './url/link';
import { parseRoute, useUrl } from './url/router';

const TracePage = lazy(() => import('./trace/trace-page'));
const ServicesPage = lazy(() => import('./services/services-page'));
const HealthPage = lazy(() => import('./health/health-page'));
const OverviewPage = lazy(() => import('./overview/overview-page'));
const SessionPage = lazy(() => import('./sessions/session-page'));
const UsersPage = lazy(() => import('./sessions/users-page'));
const ComparePage = lazy(() => import('./compare/compare-page'));
const MetricsPage = lazy(() => import('./metrics/metrics-page'));
const StoragePage = lazy(() => import('./operators/storage-page'));
const PricesPage = lazy(() => import('./operators/prices-page'));
const RedactPage = lazy(() => import('./operators/redact-page'));
const MappingsPage = lazy(() => import('./operators/mappings-page'));
const KeysPage = lazy(() => import('./operators/keys-page'));
const ExplainPage = lazy(() => import('./operators/explain-page'));

/** A page that breaks says so and leaves the frame usable. */
class Guard extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };
  static getDerivedStateFromError(error: unknown) { return { error }; }
  override render() {
    if (this.state.error === null) return this.props.children;
    return <main className="page"><div className="center"><Failure title="This page broke" error={this.state.error} retry={() => this.setState({ error: null })} /></div></main>;
  }
}

export function App() {
  const route = parseRoute(useUrl());
  return (
    <Frame>
      <Guard key={route.page + route.id}>
        <Suspense fallback={<main className="page" aria-busy="true" />}>
          {route.page === 'search' && <SearchPage params={route.params} />}
          {route.page === 'trace' && <TracePage key={route.id} id={route.id} />}
          {route.page === 'services' && <ServicesPage params={route.params} />}
          {route.page === 'health' && <HealthPage />}
          {route.page === 'overview' && <OverviewPage params={route.params} />}
          {route.page === 'session' && <SessionPage id={route.id} />}
          {route.page === 'users' && <UsersPage params={route.params} />}
          {route.page === 'compare' && <ComparePage params={route.params} />}
          {route.page === 'metrics' && <MetricsPage params={route.params} />}
          {route.page === 'storage' && <StoragePage />}
          {route.page === 'prices' && <PricesPage params={route.params} />}
          {route.page === 'redact' && <RedactPage />}
          {route.page === 'explain' && <ExplainPage />}
          {route.page === 'mappings' && <MappingsPage params={route.params} />}
          {route.page === 'keys' && <KeysPage />}
          {route.page === 'unknown' && (
            <main className="page"><div className="center"><div><h1 className="h1">No such page</h1><p className="mid">The address leads nowhere here. <Link className="link" to="/search">Go to the search</Link>.</p></div></div></main>
          )}
        </Suspense>
      </Guard>
    </Frame>
  );
}
