import { catchesBreakages } from '../../conformance/breakages.ts';
import { insightlySubject } from './subject.ts';

catchesBreakages('insightly', insightlySubject);
