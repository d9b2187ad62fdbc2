import { catchesBreakages } from '../../conformance/breakages.ts';
import { netvisorSubject } from './subject.ts';

catchesBreakages('netvisor', netvisorSubject);
